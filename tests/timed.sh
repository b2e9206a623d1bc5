#!/bin/sh
# Runs a test binary so that it prints how long each test took; cargo calls it as its runner.
#
# libtest keeps that option unstable: it is allowed here, for the run of the binary alone, so that
# nothing is built otherwise than a newcomer builds it. The UI tests run cargo themselves and would
# hand it on: they are timed as a whole.
case $1 in
    */deps/ui-*)
        began=$(date +%s)
        "$@" || exit
        echo "test ui ... ok <$(($(date +%s) - began)).000s>"
        ;;
    */deps/*) RUSTC_BOOTSTRAP=1 exec "$@" -Z unstable-options --report-time ;;
    *) exec "$@" ;;
esac
