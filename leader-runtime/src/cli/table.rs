//! Tables for people: as wide as the terminal, every word in one piece.

use comfy_table::{
    ColumnConstraint, ContentArrangement, LineStyle, Table as Drawn, TableStyle, Width,
};

/// A column, and its position on a narrow terminal.
#[derive(Clone, Copy)]
pub(super) struct Column {
    title: &'static str,
    is_under: bool,
    is_wrapped: bool,
}

/// Rows of texts.
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// Number of spaces between two columns.
const GAP: u16 = 2;

/// Minimum width of a column of sentences in a table with one line a row.
const SENTENCE: u16 = 28;

/// Maximum length of a word that is kept in one piece.
const WORD: u16 = 32;

/// The style that separates rows of several lines by an empty line.
const APART: TableStyle = TableStyle::new()
    .header_separator(LineStyle::none().fill(' '))
    .row_separator(LineStyle::none().fill(' '));

/// Mark of a possible line break, a space without width, which is removed before printing.
const JOINT: char = '\u{200B}';

impl Column {
    pub(super) const fn new(title: &'static str) -> Self {
        Self { title, is_under: false, is_wrapped: false }
    }

    /// Puts this column under the one before it on a narrow terminal.
    pub(super) const fn under(self) -> Self {
        Self { is_under: true, ..self }
    }

    /// Marks a column of sentences, which may take several lines.
    pub(super) const fn wrapped(self) -> Self {
        Self { is_wrapped: true, ..self }
    }
}

impl Table {
    /// Leaves out a column without any text.
    pub(super) fn new(columns: &[Column], rows: impl Iterator<Item = Vec<String>>) -> Self {
        let mut columns = columns.to_vec();
        let mut rows: Vec<Vec<String>> = rows.collect();
        let is_used = |column: usize| rows.iter().any(|row| !row[column].is_empty());
        let used: Vec<bool> = (0..columns.len()).map(is_used).collect();
        keep(&mut columns, &used);
        rows.iter_mut().for_each(|row| keep(row, &used));
        rows.insert(0, columns.iter().map(|column| column.title.to_owned()).collect());
        rows.iter_mut().flatten().for_each(|text| *text = breakable(text));
        Self { columns, rows }
    }

    /// Returns the table without the last line feed; unbounded without a width.
    pub(super) fn print(&self, width: Option<u16>) -> String {
        let mut table = drawn(self.rows.clone());
        if let Some(width) = width {
            if !self.fit(&mut table, width) {
                let rows: Vec<_> = self.rows.iter().map(|row| self.stacked(row)).collect();
                table = drawn(rows.clone());
                if self.columns.iter().any(|column| column.is_under) {
                    table.load_style(APART);
                }
                keep_words(&mut table, &rows);
            }
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        table.trim_fmt().replace(JOINT, "")
    }

    /// Tries to lay out each row in one line, sentences wrapped. Returns whether there is room.
    fn fit(&self, table: &mut Drawn, width: u16) -> bool {
        let widths = table.column_max_content_widths();
        let needed =
            self.columns.iter().zip(widths).map(|(column, width)| match column.is_wrapped {
                true => width.min(SENTENCE) + GAP,
                false => width + GAP,
            });
        if needed.map(usize::from).sum::<usize>() > usize::from(width + GAP) {
            return false;
        }
        for (column, drawn) in self.columns.iter().zip(table.column_iter_mut()) {
            if !column.is_wrapped {
                drawn.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        true
    }

    /// Stacks the cells of a row that go under one another.
    fn stacked(&self, row: &[String]) -> Vec<String> {
        let mut stacks: Vec<String> = Vec::new();
        for (column, text) in self.columns.iter().zip(row) {
            match stacks.last_mut() {
                Some(_) if column.is_under && text.is_empty() => {}
                Some(above) if column.is_under => *above += &format!("\n{text}"),
                _ => stacks.push(text.clone()),
            }
        }
        stacks
    }
}

/// Draws rows; the first has the titles.
fn drawn(rows: Vec<Vec<String>>) -> Drawn {
    let mut table = Drawn::new();
    table.load_style(TableStyle::new()).set_delimiter(JOINT);
    table.set_content_arrangement(ContentArrangement::Disabled);
    let mut rows = rows.into_iter();
    table.set_header(rows.next().unwrap_or_default()).add_rows(rows);
    let last = table.column_count().saturating_sub(1);
    for (number, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if number == last { 0 } else { GAP }));
    }
    table
}

/// Keeps each column as wide as its longest word.
fn keep_words(table: &mut Drawn, rows: &[Vec<String>]) {
    for (number, column) in table.column_iter_mut().enumerate() {
        let words = rows.iter().flat_map(|row| row[number].split([JOINT, '\n']));
        let longest = words.map(|word| word.trim_end().chars().count()).max().unwrap_or_default();
        let longest = u16::try_from(longest).unwrap_or(WORD).min(WORD) + column.padding_width();
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(longest)));
    }
}

/// Puts a joint where a line may end: after a space, and after a separator in a name, except the `/`
/// of a cron and the `-` of a date. Control characters are replaced.
fn breakable(text: &str) -> String {
    let is_name = !text.contains(' ');
    let mut broken = String::new();
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        broken.push(if char.is_control() { char::REPLACEMENT_CHARACTER } else { char });
        let ends = match (char, rest.peek()) {
            (_, None) => false,
            (' ', _) => true,
            ('/', Some(next)) => is_name || next.is_alphabetic(),
            ('-', Some(next)) => is_name && next.is_alphabetic(),
            (char, _) => is_name && matches!(char, '_' | ','),
        };
        if ends {
            broken.push(JOINT);
        }
    }
    broken
}

fn keep<T>(items: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    items.retain(|_| kept.next() == Some(&true));
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::new("KEY"),
        Column::new("NOTHING"),
        Column::new("WORDS").wrapped(),
        Column::new("PLACE").under(),
    ];

    fn printed(row: [&str; 4], width: Option<u16>) -> String {
        Table::new(&COLUMNS, [row.map(str::to_owned).to_vec()].into_iter()).print(width)
    }

    #[test]
    fn names_part_at_their_joints_sentences_at_their_spaces_and_a_date_nowhere() {
        let row =
            ["billing/north-and-south/a_b", "", "at */5 on 2026-11-24", "2026-11-24T05:00:00Z"];
        let told = "\
KEY             WORDS
                PLACE

billing/        at */5 on 2026-11-24
north-and-      2026-11-24T05:00:00Z
south/a_b";
        assert_eq!(printed(row, Some(39)), told);
        assert!(!printed(row, None).contains(JOINT));
    }

    #[test]
    fn a_word_that_no_line_could_hold_is_broken_and_nothing_of_it_is_lost() {
        let (key, words) = ("k".repeat(300), "w".repeat(70));
        let told = printed([&key, "", &words, "here"], Some(80));
        assert!(told.lines().all(|line| line.len() <= 80), "{told}");
        assert_eq!([told.matches('k').count(), told.matches('w').count()], [300, 70]);
    }

    #[test]
    fn a_text_from_elsewhere_moves_no_cursor_and_rings_no_bell() {
        let told = printed(["\u{1b}[2Jnode\u{7}", "", "a\nb\tc", ""], None);
        assert_eq!(told.lines().count(), 2);
        assert!(told.lines().all(|line| !line.contains(char::is_control)), "{told:?}");
    }
}
