//! A proxy between exeunt and a real server that does to connections what bad networks do: it delays, stalls, resets and cuts them, by a seed.
//! It knows bytes alone, so that it stands before any protocol, encrypted or not.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// What becomes of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing happens to it.
    Well,
    /// It is reset before a byte has passed.
    Refused,
    /// Whatever the server says comes so much later.
    Slow(Duration),
    /// After so many bytes of the server nothing more comes; the connection stays open for a while.
    Stall(usize),
    /// It is reset after so many bytes of the server.
    Reset(usize),
    /// It ends after so many bytes of the server, as if all had been said.
    Half(usize),
    /// It ends when the caller asks for a second time.
    OneAnswer,
}

/// How long a stalled connection stays open: longer than exeunt waits in these tests.
const STALL: Duration = Duration::from_secs(4);

/// The fates that a seed draws, connection by connection (splitmix64).
#[derive(Debug, Clone)]
pub struct Fates(u64);

impl Fates {
    pub fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn below(&mut self, end: u64) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % end).unwrap()
    }

    pub fn next(&mut self) -> Fate {
        // Somewhere in an answer of two hundred bytes, or of two hundred thousand.
        let at = |fates: &mut Self| {
            let most = 1 << (8 + fates.below(10));
            fates.below(most)
        };
        match self.below(9) {
            0 => Fate::Refused,
            1 => Fate::Slow(Duration::from_millis(self.below(60) as u64)),
            2 => Fate::Stall(at(self)),
            3 | 4 => Fate::Reset(at(self)),
            5 => Fate::Half(at(self)),
            6 => Fate::OneAnswer,
            _ => Fate::Well,
        }
    }
}

/// What is so at the moment.
#[derive(Debug, Default)]
struct State {
    /// None where all is well.
    fates: Option<Fates>,
    /// How many connections something happened to.
    struck: u64,
}

/// The proxy; it goes when it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    _runtime: Runtime,
}

impl Proxy {
    /// Listens on loopback, and passes on to this server.
    pub fn before(server: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let (server, shared): (SocketAddr, _) = (server.parse().unwrap(), state.clone());
        runtime.spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let fate = lock(&shared).fates.as_mut().map_or(Fate::Well, Fates::next);
                lock(&shared).struck += u64::from(fate != Fate::Well);
                tokio::spawn(async move {
                    // However a connection ends, the caller sees it.
                    let _ended = carry(caller, server, fate).await;
                });
            }
        });
        Self { address, state, _runtime: runtime }
    }

    /// From now on, new connections meet what this seed draws.
    pub fn storm(&self, seed: u64) {
        lock(&self.state).fates = Some(Fates::of(seed));
    }

    /// All is well again for new connections.
    pub fn calm(&self) {
        lock(&self.state).fates = None;
    }

    /// How many connections something happened to so far.
    pub fn struck(&self) -> u64 {
        lock(&self.state).struck
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap()
}

async fn carry(mut caller: TcpStream, server: SocketAddr, fate: Fate) -> std::io::Result<()> {
    if fate == Fate::Refused {
        return caller.set_zero_linger();
    }
    let mut server = TcpStream::connect(server).await?;
    caller.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut asked, mut told) = (vec![0; 16 << 10], vec![0; 16 << 10]);
    let (mut passed, mut answered) = (0, false);
    loop {
        tokio::select! {
            read = caller.read(&mut asked) => match read? {
                0 => return server.shutdown().await,
                _ if answered && fate == Fate::OneAnswer => return caller.shutdown().await,
                some => server.write_all(&asked[..some]).await?,
            },
            read = server.read(&mut told) => {
                let some = read?;
                if some == 0 {
                    return caller.shutdown().await;
                }
                answered = true;
                if let Fate::Slow(time) = fate {
                    tokio::time::sleep(time).await;
                }
                let end = match fate {
                    Fate::Stall(end) | Fate::Reset(end) | Fate::Half(end) if passed + some > end => end - passed,
                    _ => some,
                };
                caller.write_all(&told[..end]).await?;
                passed += end;
                if end < some {
                    match fate {
                        Fate::Stall(_) => tokio::time::sleep(STALL).await,
                        Fate::Reset(_) => caller.set_zero_linger()?,
                        _ => caller.shutdown().await?,
                    }
                    return Ok(());
                }
            }
        }
    }
}

#[test]
fn a_seed_draws_the_same_weather_every_time() {
    let draw = |seed| {
        let mut fates = Fates::of(seed);
        (0..200).map(|_| fates.next()).collect::<Vec<_>>()
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
    let kinds: std::collections::HashSet<_> = draw(7).iter().map(std::mem::discriminant).collect();
    assert_eq!(kinds.len(), 7, "each of them comes up");
}
