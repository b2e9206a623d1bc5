//! A thread of its own for whoever looks at the process from outside, so that they are answered
//! while its own runtime is stuck: probes, scrapers, and the service manager.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::Result;
use crate::handle::Handle;
use crate::settings::Settings;
use crate::systemd::Notifier;
use crate::thread;

/// The thread, where there is anything for it to do. It ends when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    notifier: Option<Arc<Notifier>>,
    thread: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Observer {
    /// From now on, whoever asks is answered.
    pub(crate) fn start(
        settings: &Settings,
        notifier: Option<Notifier>,
        handle: &Handle,
    ) -> Result<Self> {
        let notifier = notifier.map(Arc::new);
        let endpoint = Endpoint::bind(settings)?;
        if endpoint.is_none() && notifier.is_none() {
            return Ok(Self::default());
        }
        let (stop, stopped) = oneshot::channel();
        let (handle, notifies) = (handle.clone(), notifier.clone());
        let thread = thread::start(
            "leader-observer",
            "probes and the service manager",
            move || async move {
                let answer = async {
                    if let Some(endpoint) = endpoint {
                        endpoint.answer(handle.clone()).await;
                    }
                };
                let notify = async {
                    if let Some(notifier) = notifies {
                        notifier.follow(&handle).await;
                    }
                };
                tokio::select! {
                    _ = stopped => {}
                    _ = async { tokio::join!(answer, notify) } => {}
                }
            },
        )?;
        Ok(Self { notifier, thread: Some((stop, thread)) })
    }

    /// The runtime was told to stop, and lets go of everything within so long.
    pub(crate) fn stopping(&self, within: Duration) {
        if let Some(notifier) = &self.notifier {
            notifier.stopping(within);
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            // it waits for nothing but what it prints just now; a panic of its own is on stderr
            let _ = thread.join();
        }
    }
}

/// A socket that is listened on.
struct Endpoint {
    #[cfg(feature = "health")]
    listener: std::net::TcpListener,
}

#[cfg(feature = "health")]
impl Endpoint {
    fn bind(settings: &Settings) -> Result<Option<Self>> {
        let Some(address) = settings.health_address() else { return Ok(None) };
        let bound = std::net::TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let bound = listener.local_addr()?;
            Ok((listener, bound))
        });
        let (listener, bound) =
            bound.map_err(|cause| crate::error::Error::endpoint(address, cause))?;
        #[cfg(feature = "prometheus")]
        crate::health::Scrape::install();
        tracing::info!("answers probes at http://{bound}/livez and /readyz");
        Ok(Some(Self { listener }))
    }

    async fn answer(self, handle: Handle) {
        match tokio::net::TcpListener::from_std(self.listener) {
            Ok(listener) => tokio::join!(crate::health::serve(listener, handle), tidy()).0,
            Err(fault) => tracing::error!(%fault, "probes cannot be answered"),
        }
    }
}

#[cfg(feature = "prometheus")]
async fn tidy() {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        if let Some(scrape) = crate::health::Scrape::ours() {
            scrape.tidy();
        }
    }
}

#[cfg(all(feature = "health", not(feature = "prometheus")))]
async fn tidy() {
    std::future::pending().await
}

#[cfg(not(feature = "health"))]
impl Endpoint {
    /// The start has refused settings that ask for one.
    fn bind(_: &Settings) -> Result<Option<Self>> {
        Ok(None)
    }

    async fn answer(self, _: Handle) {}
}
