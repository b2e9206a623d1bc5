//! A thread for probes, scrapers and the service manager, which answers them while the service's own
//! runtime is stuck.

#[cfg(feature = "prometheus")]
mod prometheus;
#[cfg(feature = "health")]
mod server;

use std::sync::Arc;
use std::thread::JoinHandle;
#[cfg(feature = "prometheus")]
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::Result;
use crate::handle::Handle;
use crate::settings::Settings;
use crate::system::systemd::Notifier;
use crate::thread;

/// The thread, if it has anything to do. It ends when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    notifier: Option<Arc<Notifier>>,
    thread: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Observer {
    /// Starts the thread.
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
                        let health = || handle.has_started().then(|| handle.health());
                        notifier.follow(health).await;
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

    /// The notifier of the service manager, if there is one.
    pub(crate) const fn notifier(&self) -> Option<&Arc<Notifier>> {
        self.notifier.as_ref()
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            // it waits only for the answer in progress; a panic of the thread is on stderr
            let _ = thread.join();
        }
    }
}

/// A socket that is listened on.
struct Endpoint {
    #[cfg(feature = "health")]
    listener: crate::listener::Listener,
}

#[cfg(feature = "health")]
impl Endpoint {
    fn bind(settings: &Settings) -> Result<Option<Self>> {
        let Some(address) = settings.health_address() else { return Ok(None) };
        let bound = crate::listener::Listener::bind(address).and_then(|listener| {
            let bound = listener.address()?;
            Ok((listener, bound))
        });
        let (listener, bound) =
            bound.map_err(|cause| crate::error::Error::endpoint(address, cause))?;
        #[cfg(feature = "prometheus")]
        prometheus::Scrape::install();
        tracing::info!("health endpoint started: http://{bound}/livez and /readyz");
        Ok(Some(Self { listener }))
    }

    async fn answer(self, handle: Handle) {
        let served = self.listener.serve(move |request: hyper::Request<_>| {
            let handle = handle.clone();
            async move { server::answer(&handle, request.method(), request.uri().path()).await }
        });
        tokio::select! {
            Err(fault) = served => tracing::error!(%fault, "health endpoint failed"),
            () = tidy() => {}
        }
    }
}

#[cfg(feature = "prometheus")]
async fn tidy() {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        if let Some(scrape) = prometheus::Scrape::ours() {
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
    /// The start refuses settings with an endpoint.
    fn bind(_: &Settings) -> Result<Option<Self>> {
        Ok(None)
    }

    async fn answer(self, _: Handle) {}
}
