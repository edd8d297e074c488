//! A thrifty HTTP/1.1 client: it shares the machine with what it measures. One connection, kept open, requests written
//! as the bytes they were made into beforehand, answers of announced length read whole into one buffer.

use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEADERS_MAX: usize = 64;
const READ_AT_ONCE: usize = 64 * 1024;

/// A kept connection.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// One answer, as long as the connection is not asked again.
pub struct Answer<'a> {
    pub status: u16,
    /// Where a redirect leads.
    pub location: &'a str,
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The value of a form's field on this page.
    pub fn field(&self, name: &str) -> Option<String> {
        let page = std::str::from_utf8(self.body).ok()?;
        let start = page.find(&format!("name=\"{name}\" value=\""))? + name.len() + "name=\"\" value=\"".len();
        page[start..].split('"').next().map(|value| value.replace("&amp;", "&"))
    }
}

/// Where the head of an answer ends, and what of it counts.
struct Head {
    status: u16,
    location: (usize, usize),
    body: (usize, usize),
}

impl Connection {
    pub async fn open(port: u16) -> io::Result<Connection> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, received: Vec::with_capacity(READ_AT_ONCE * 2) })
    }

    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.received.clear();
        self.stream.write_all(request).await?;
        let mut head: Option<Head> = None;
        loop {
            match &head {
                None => head = read_head(&self.received)?,
                Some(head) if self.received.len() >= head.body.1 => break,
                Some(_) => {}
            }
            if head.as_ref().is_some_and(|head| self.received.len() >= head.body.1) {
                break;
            }
            self.received.reserve(READ_AT_ONCE);
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
            }
        }
        let Some(head) = head else { return Err(io::Error::other("an answer without a head")) };
        let location = std::str::from_utf8(&self.received[head.location.0..head.location.1]).unwrap_or_default();
        Ok(Answer { status: head.status, location, body: &self.received[head.body.0..head.body.1] })
    }
}

fn read_head(received: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut answer = httparse::Response::new(&mut headers);
    let parsed = answer.parse(received).map_err(io::Error::other)?;
    let httparse::Status::Complete(end) = parsed else { return Ok(None) };
    let (mut length, mut location) = (None, (0, 0));
    for header in answer.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            length = std::str::from_utf8(header.value).ok().and_then(|text| text.parse::<usize>().ok());
        } else if header.name.eq_ignore_ascii_case("location") {
            let start = header.value.as_ptr() as usize - received.as_ptr() as usize;
            location = (start, start + header.value.len());
        }
    }
    let length = length.ok_or_else(|| io::Error::other("an answer that does not announce its length"))?;
    Ok(Some(Head { status: answer.code.unwrap_or_default(), location, body: (end, end + length) }))
}

/// A request as a browser would send it; `cookie` is the whole header's value, or empty.
pub fn get(port: u16, path: &str, cookie: &str) -> Vec<u8> {
    let mut head = head("GET", port, path, cookie);
    head.push_str("\r\n");
    head.into_bytes()
}

/// A form as a browser would send it.
pub fn post(port: u16, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let body = form(fields);
    let mut head = head("POST", port, path, cookie);
    head.push_str("content-type: application/x-www-form-urlencoded\r\n");
    head.push_str(&format!("origin: http://localhost:{port}\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    head.into_bytes()
}

/// A form with files (field, file's name, content), as a browser would send it.
pub fn post_files(port: u16, path: &str, cookie: &str, token: &str, files: &[(&str, &str, &[u8])]) -> Vec<u8> {
    const BETWEEN: &str = "----hanse-bench-5b1f0c7e";
    let mut body =
        format!("--{BETWEEN}\r\ncontent-disposition: form-data; name=\"_csrf\"\r\n\r\n{token}\r\n").into_bytes();
    for (field, name, content) in files {
        let part = format!(
            "--{BETWEEN}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
             content-type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(part.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BETWEEN}--\r\n").as_bytes());
    let mut head = head("POST", port, path, cookie);
    head.push_str(&format!("content-type: multipart/form-data; boundary={BETWEEN}\r\n"));
    head.push_str(&format!("origin: http://localhost:{port}\r\ncontent-length: {}\r\n\r\n", body.len()));
    [head.into_bytes(), body].concat()
}

fn head(method: &str, port: u16, path: &str, cookie: &str) -> String {
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\nuser-agent: Mozilla/5.0 (hanse bench)\r\n\
         accept: text/html\r\naccept-language: en\r\nsec-fetch-site: same-origin\r\n"
    );
    if !cookie.is_empty() {
        head.push_str(&format!("cookie: {cookie}\r\n"));
    }
    head
}

fn form(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

/// Percent-encoding of one name or value.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_in_parts() {
        let whole = b"HTTP/1.1 303 See Other\r\nLocation: /en/pay/1\r\ncontent-length: 2\r\n\r\nok";
        for cut in 0..whole.len() - 2 {
            assert!(read_head(&whole[..cut]).unwrap().is_none(), "{cut}");
        }
        let head = read_head(whole).unwrap().unwrap();
        assert_eq!((head.status, &whole[head.location.0..head.location.1]), (303, &b"/en/pay/1"[..]));
        assert_eq!(&whole[head.body.0..head.body.1], b"ok");
        assert!(read_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn a_field_is_found_on_the_page() {
        let body = br#"<input type="hidden" name="once" value="a-b"><input name="x" value="1&amp;2">"#;
        let answer = Answer { status: 200, location: "", body };
        assert_eq!(answer.field("once").as_deref(), Some("a-b"));
        assert_eq!(answer.field("x").as_deref(), Some("1&2"));
        assert_eq!(answer.field("y"), None);
    }
}
