//! HTTP for a load run: one request at a time on a connection that is kept, as few instructions as can
//! be, since they are taken from the cores that the service needs.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A kept connection to the service.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    pub status: u16,
    /// Whether the connection can take another request.
    pub stays_open: bool,
}

impl Connection {
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends the bytes of a request and reads the answer whole.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        let (head, status, length, stays_open) = loop {
            self.more().await?;
            if let Some(end) = self.answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let (status, length, stays_open) = read_head(&self.answer[..end])?;
                break (end + 4, status, length, stays_open);
            }
        };
        while self.answer.len() < head + length {
            self.more().await?;
        }
        Ok(Answer { status, stays_open })
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.answer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Status, length of the body, and whether the connection stays open.
fn read_head(head: &[u8]) -> io::Result<(u16, usize, bool)> {
    let strange = || io::Error::new(io::ErrorKind::InvalidData, "not an answer that a load run can read");
    let head = std::str::from_utf8(head).map_err(|_| strange())?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(strange)?;
    let field = |name: &str| {
        let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let length = field("content-length").and_then(|length| length.parse().ok()).ok_or_else(strange)?;
    Ok((status, length, field("connection") != Some("close")))
}
