//! The service on its address: connections in, and an orderly end.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::{ServiceExt as _, service_fn};

use super::idle::{Places, Seat};
use super::state::AppState;
use super::tls::Tls;
use crate::access::Peer;
use crate::store::StoreError;
use crate::ui;

/// Connections at a time; for a further one, the one without a request that has waited longest has to go.
const CONNECTIONS: usize = 1_024;
/// A request's headers may take this long, and a connection may be idle this long.
const HEADERS: Duration = Duration::from_secs(15);
/// How often signals are looked for.
const WATCH: Duration = Duration::from_secs(60);
/// How often what audits and pages stand on is read again where nobody asks,
const READ_AGAIN: Duration = Duration::from_secs(300);
/// or after so many times as long as the longest reading took: a twentieth of a core at most.
const RESTS: u32 = 20;
/// How often single measurements are folded into their buckets.
const FOLD: Duration = Duration::from_secs(5);
/// Wait after the system refused a connection, usually for want of file handles.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// Answers requests on `listener` until `shutdown` comes. Then no connection is taken any more, and
/// what was accepted is finished within `shutdown_grace_s`; at last the store is closed.
///
/// # Errors
/// Those of the store when jobs are begun, and of closing it. What was acknowledged is safe all the same.
pub async fn serve(
    app: AppState,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), StoreError> {
    let (stop, stopped) = watch::channel(false);
    let working = super::work::start(&app).await?;
    let following = super::follow::start(&app);
    let folding = tokio::spawn(fold(app.clone()));
    let reading = tokio::spawn(read_ahead(app.clone()));
    let watching = tokio::spawn(watch(app.clone()));
    let renewing = app.tls.clone().map(|tls| tokio::spawn(tls.follow()));
    let mut connections = JoinSet::new();
    accept(&app, listener, shutdown, &stopped, &mut connections).await;
    app.stop();
    // Each connection finishes the request that it is at, and closes.
    let _ = stop.send(true);
    let grace = Duration::from_secs(app.settings.server.shutdown_grace_s);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, finished).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "requests were cut off: they took longer than shutdown_grace_s"
        );
        connections.shutdown().await;
    }
    // What is at work ends within the same time; what does not is begun again at the next start.
    if tokio::time::timeout(grace, working.stop()).await.is_err() {
        tracing::warn!(
            "jobs were cut off: they took longer than shutdown_grace_s, and go on at the next start"
        );
    }
    drop(following);
    folding.abort();
    reading.abort();
    watching.abort();
    if let Some(renewing) = renewing {
        renewing.abort();
    }
    app.store.close().await
}

/// Looks at the clock, for signals and for calls that are due, again and again.
async fn watch(app: AppState) {
    let mut each = tokio::time::interval(WATCH);
    // A run that takes longer than that is followed by a pause, not by those that were missed.
    each.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        each.tick().await;
        app.clock.look(Timestamp::now());
        if !app.clock.will_do() {
            continue;
        }
        // Of several instances one looks.
        match app.store.leads().await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) => {
                tracing::warn!(%error, "it cannot be told who looks for signals and reminds; the next look is in a minute");
                continue;
            }
        }
        match app.now().desk.remind(Timestamp::now()).await {
            Ok(0) => {}
            Ok(reminded) => tracing::info!(reminded, "owners of follow-ups were reminded"),
            Err(error) => tracing::warn!(%error, "nobody could be reminded; the next try is in a minute"),
        }
        match app.signals.run(Timestamp::now()).await {
            Ok(found) if found.raised.is_empty() => {}
            Ok(found) => tracing::info!(raised = found.raised.len(), "signals were raised"),
            Err(error) => {
                tracing::warn!(%error, "signals could not be looked for; the next look is in a minute")
            }
        }
    }
}

/// Reads what audits and pages stand on, at the start and again and again, so that nobody who looks waits for it.
async fn read_ahead(app: AppState) {
    let mut took = Duration::ZERO;
    loop {
        let began = Instant::now();
        if let Err(error) = app.audits.read_ahead(Timestamp::now()).await {
            tracing::warn!(%error, "the tickets could not be read for the audit; the next look is in some minutes");
        }
        ui::read_ahead(app.pages()).await;
        // What is only old is made anew beside, so that later rounds do not show what it costs.
        took = took.max(began.elapsed());
        tokio::time::sleep(READ_AGAIN.max(took * RESTS)).await;
    }
}

async fn accept(
    app: &AppState,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    stopped: &watch::Receiver<bool>,
    connections: &mut JoinSet<()>,
) {
    let router = super::router(app.clone());
    let places = Places::new(CONNECTIONS);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let next = async {
            let accepted = listener.accept().await;
            (accepted, places.take().await)
        };
        let (accepted, seat) = tokio::select! {
            () = &mut shutdown => return,
            next = next => next,
        };
        match (accepted, seat) {
            (Ok((stream, from)), Some(seat)) => {
                let seat = Arc::new(seat);
                let (tls, stopped) = (app.tls.clone(), stopped.clone());
                let connection = secured(tls, stream, from.ip(), router.clone(), stopped, Arc::clone(&seat));
                connections.spawn(async move {
                    tokio::select! {
                        () = connection => {}
                        () = seat.has_to_go() => {}
                    }
                });
            }
            (Err(error), _) => refused(&error).await,
            (Ok(_), None) => {}
        }
        // Finished ones are let go as new ones come.
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one connection, by TLS where there is a certificate.
async fn secured(
    tls: Option<Arc<Tls>>,
    stream: TcpStream,
    address: IpAddr,
    router: axum::Router,
    mut stopped: watch::Receiver<bool>,
    seat: Arc<Seat>,
) {
    // Answers are small and written whole: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let peer = Peer { address, secure: tls.is_some() };
    let Some(tls) = tls else { return connection(stream, peer, router, stopped, seat).await };
    let acceptor = tls.acceptor();
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(HEADERS, acceptor.accept(stream)) => shaken,
        _ = stopped.wait_for(|stopped| *stopped) => return,
    };
    // Who spoke no TLS, or too slowly, is told so by rustls; there is nobody else to tell.
    if let Ok(Ok(stream)) = shaken {
        connection(stream, peer, router, stopped, seat).await;
    }
}

/// Serves one connection until it closes, or until the request at hand is answered after the stop.
async fn connection<S>(
    stream: S,
    peer: Peer,
    router: axum::Router,
    mut stopped: watch::Receiver<bool>,
    seat: Arc<Seat>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let answering = Arc::clone(&seat);
    let router = router.map_request(move |request: Request<Incoming>| {
        seat.works();
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(peer);
        request
    });
    let service = TowerToHyperService::new(service_fn(move |request| {
        let (answer, seat) = (router.clone().oneshot(request), Arc::clone(&answering));
        async move {
            let answer = answer.await;
            seat.waits();
            answer
        }
    }));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // An error here is a client that broke off or spoke no HTTP; there is nobody to tell.
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn refused(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "no connection could be taken; trying again");
    tokio::time::sleep(ACCEPT_AGAIN).await;
}

async fn fold(app: AppState) {
    let mut ticks = tokio::time::interval(FOLD);
    loop {
        ticks.tick().await;
        app.metrics.fold();
    }
}

/// Lets a panic be logged by its place alone: its message may quote the text of a ticket. For the
/// process that serves; tests want to see messages.
pub fn log_panics_by_place() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".into(), ToString::to_string);
        tracing::error!(place, "a panic at {place}; please report this");
    }));
}
