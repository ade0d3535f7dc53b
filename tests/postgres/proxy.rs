//! A network between an instance and PostgreSQL that a test can break: cut every connection, swallow what is sent in
//! either direction without telling anybody, or be slow.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

/// How long a pump waits before it looks again how the network is.
const LOOK: Duration = Duration::from_millis(10);

/// How the network is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Network {
    /// What the instance sends vanishes.
    pub deaf: bool,
    /// What PostgreSQL sends vanishes.
    pub dumb: bool,
    /// How long each piece takes.
    pub delay: Duration,
    /// Raised to cut every connection that there is.
    cuts: u64,
}

/// Stands between an instance and PostgreSQL.
pub struct Proxy {
    port: u16,
    network: Arc<Mutex<Network>>,
}

#[derive(Clone)]
enum Server {
    Socket(PathBuf),
    Address(String),
}

trait Stream: Read + Write + Send {
    fn again(&self) -> Box<dyn Stream>;
    fn end(&self, how: Shutdown);
    fn hasty(&self);
}

macro_rules! stream {
    ($type:ty) => {
        impl Stream for $type {
            fn again(&self) -> Box<dyn Stream> {
                Box::new(self.try_clone().unwrap())
            }
            fn end(&self, how: Shutdown) {
                let _ = self.shutdown(how);
            }
            fn hasty(&self) {
                self.set_read_timeout(Some(LOOK)).unwrap();
            }
        }
    };
}
stream!(TcpStream);
stream!(UnixStream);

impl Server {
    fn connect(&self) -> Option<Box<dyn Stream>> {
        Some(match self {
            Self::Socket(path) => Box::new(UnixStream::connect(path).ok()?),
            Self::Address(address) => Box::new(TcpStream::connect(address).ok()?),
        })
    }
}

impl Proxy {
    /// Begins to stand before the PostgreSQL of this address.
    pub fn before(url: &str) -> Self {
        let options = PgConnectOptions::from_str(url).unwrap();
        let server = match options.get_socket() {
            Some(folder) => Server::Socket(folder.join(format!(".s.PGSQL.{}", options.get_port()))),
            None => Server::Address(format!("{}:{}", options.get_host(), options.get_port())),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let network: Arc<Mutex<Network>> = Arc::default();
        let seen = Arc::clone(&network);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (server, network) = (server.clone(), Arc::clone(&seen));
                thread::spawn(move || carry(client, &server, &network));
            }
        });
        Self { port, network }
    }

    /// The same address by way of this proxy.
    pub fn url(&self, url: &str) -> String {
        let mut through = url::Url::parse(url).unwrap();
        let kept: Vec<(String, String)> =
            through.query_pairs().into_owned().filter(|(name, _)| name != "host").collect();
        through.query_pairs_mut().clear().extend_pairs(kept);
        through.set_host(Some("127.0.0.1")).unwrap();
        through.set_port(Some(self.port)).unwrap();
        // In `options` a plus would be one.
        through.to_string().replace('+', "%20")
    }

    /// Lets the network be so from now on.
    pub fn set(&self, deaf: bool, dumb: bool) {
        let mut network = self.network.lock().unwrap();
        (network.deaf, network.dumb) = (deaf, dumb);
    }

    /// Has each piece take so long.
    pub fn delay(&self, delay: Duration) {
        self.network.lock().unwrap().delay = delay;
    }

    /// Ends every connection, as a server or a firewall does that says so.
    pub fn cut(&self) {
        self.network.lock().unwrap().cuts += 1;
    }
}

fn carry(client: TcpStream, server: &Server, network: &Arc<Mutex<Network>>) {
    let began = network.lock().unwrap().cuts;
    client.set_nodelay(true).unwrap();
    // Whoever knocks while nothing gets through is not heard before it does.
    while network.lock().unwrap().deaf {
        thread::sleep(LOOK);
    }
    let Some(server) = server.connect() else { return };
    let client: Box<dyn Stream> = Box::new(client);
    let (to, back) = ((client.again(), server.again()), (server, client));
    let there = Arc::clone(network);
    let pumping = thread::spawn(move || pump(to, &there, began, |network| network.deaf));
    pump(back, network, began, |network| network.dumb);
    pumping.join().unwrap();
}

/// Carries what comes from the one to the other. What was on its way when the network was broken arrives when it is
/// whole again, as TCP sends again what nobody acknowledged; and so does an end.
fn pump(
    (mut from, mut to): (Box<dyn Stream>, Box<dyn Stream>),
    network: &Mutex<Network>,
    began: u64,
    vanishes: fn(&Network) -> bool,
) {
    from.hasty();
    let mut piece = [0; 16 * 1024];
    loop {
        let now = *network.lock().unwrap();
        if now.cuts != began {
            from.end(Shutdown::Both);
            to.end(Shutdown::Both);
            return;
        }
        if vanishes(&now) {
            thread::sleep(LOOK);
            continue;
        }
        let read = match from.read(&mut piece) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Ok(read) if read > 0 => read,
            _ => {
                to.end(Shutdown::Write);
                return;
            }
        };
        thread::sleep(now.delay);
        if to.write_all(&piece[..read]).is_err() {
            from.end(Shutdown::Both);
            return;
        }
    }
}
