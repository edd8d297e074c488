//! A body with files (`multipart/form-data`, RFC 7578), read part by part, and no further than it makes sense.
//!
//! The crate that takes it apart (multer, under axum's extractor) looks for the end of a part's head, and for the boundary
//! that begins the first, in all that has come so far, again at each arrival; and it takes in whatever has come before it
//! looks at what it has. A head without an end would cost the square of its length. So the body comes through only where
//! what has come is not enough, no more at a time than is bounded, and is given up when that leads to nothing.

use crate::error::Failure;
use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use futures_util::{Stream, StreamExt};
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// So many bytes may come without a part or a piece of one. A browser's head of a part has a few hundred.
const WITHOUT_PROGRESS_MAX: usize = 256 * 1024;
/// An arrival counts for so many at least: each is a look at all that has come.
const ARRIVAL_MIN: usize = 1_024;

/// The parts of one body.
pub struct Parts {
    multipart: Multipart,
    gate: Arc<Gate>,
}

/// One part; the next is read when this one is gone.
pub struct Part<'a> {
    field: Field<'a>,
    gate: &'a Gate,
}

/// What a body comes through.
#[derive(Default)]
struct Gate {
    open: AtomicBool,
    without_progress: AtomicUsize,
}

impl Gate {
    /// Reads a part, or a piece of one: first of what has come, then of what comes.
    async fn through<T>(&self, reading: impl Future<Output = T>) -> T {
        let mut reading = pin!(reading);
        let read = poll_fn(|cx| {
            for open in [false, true] {
                self.open.store(open, Ordering::Relaxed);
                if let Poll::Ready(read) = reading.as_mut().poll(cx) {
                    return Poll::Ready(read);
                }
            }
            Poll::Pending
        });
        let read = read.await;
        self.without_progress.store(0, Ordering::Relaxed);
        read
    }
}

impl Parts {
    /// [`Failure::UnreadableForm`] where the body's type does not say where its parts end.
    pub async fn of(request: Request) -> Result<Parts, Failure> {
        let gate = Arc::new(Gate::default());
        let held = gate.clone();
        let request = request.map(|body| {
            let body = body.into_data_stream();
            Body::from_stream(Held { body, gate: held, looked: false })
        });
        let multipart = Multipart::from_request(request, &()).await.map_err(|_| Failure::UnreadableForm)?;
        Ok(Parts { multipart, gate })
    }

    /// The next part. What was not read of the one before is read and thrown away, as far as that is little.
    ///
    /// [`Failure::TooLarge`] where the body is larger than its route takes, [`Failure::UnreadableForm`] where it cannot be
    /// taken apart.
    pub async fn next(&mut self) -> Result<Option<Part<'_>>, Failure> {
        let field = self.gate.through(self.multipart.next_field()).await.map_err(broken)?;
        Ok(field.map(|field| Part { field, gate: &self.gate }))
    }
}

impl Part<'_> {
    /// Empty where it has none.
    pub fn name(&self) -> &str {
        self.field.name().unwrap_or("")
    }

    /// The next piece of its content.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        self.gate.through(self.field.chunk()).await.map_err(broken)
    }

    /// Its content, unless it is more than `max` bytes: then `None`, and it was read to its end.
    pub async fn up_to(mut self, max: usize) -> Result<Option<Vec<u8>>, Failure> {
        let mut bytes = Vec::new();
        let mut larger = false;
        while let Some(more) = self.piece().await? {
            larger |= bytes.len() + more.len() > max;
            if !larger {
                bytes.extend_from_slice(&more);
            }
        }
        Ok(if larger { None } else { Some(bytes) })
    }

    /// Its content, as much as the route takes.
    pub async fn bytes(self) -> Result<Vec<u8>, Failure> {
        self.up_to(usize::MAX).await?.ok_or(Failure::TooLarge)
    }

    /// Reads it to its end.
    pub async fn skip(self) -> Result<(), Failure> {
        self.up_to(0).await.map(drop)
    }
}

fn broken(error: MultipartError) -> Failure {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge,
        _ => Failure::UnreadableForm,
    }
}

/// A body behind its gate.
struct Held<S> {
    body: S,
    gate: Arc<Gate>,
    /// Whether all that may come has been looked at.
    looked: bool,
}

impl<S, E> Stream for Held<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<axum::BoxError>,
{
    type Item = Result<Bytes, axum::BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.gate.open.load(Ordering::Relaxed) {
            // Asked again at once with the gate open.
            return Poll::Pending;
        }
        if self.gate.without_progress.load(Ordering::Relaxed) > WITHOUT_PROGRESS_MAX {
            if std::mem::replace(&mut self.looked, true) {
                return Poll::Ready(Some(Err(Endless.into())));
            }
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.looked = false;
        let next = std::task::ready!(self.body.poll_next_unpin(cx));
        if let Some(Ok(bytes)) = &next {
            self.gate.without_progress.fetch_add(bytes.len().max(ARRIVAL_MIN), Ordering::Relaxed);
        }
        Poll::Ready(next.map(|bytes| bytes.map_err(Into::into)))
    }
}

#[derive(Debug)]
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of the body does not begin")
    }
}

impl std::error::Error for Endless {}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::DefaultBodyLimit;
    use tower::ServiceExt;

    const HEAD: &str = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
    const END: &str = "\r\n--x--\r\n";

    /// Reads a body that comes in pieces of this size, as fast as it is asked for; says how its parts were read, and how
    /// much of the body was. (Two megabytes are taken where no route says otherwise.)
    async fn read(body: &[u8], piece: usize) -> (Result<Vec<usize>, Failure>, usize) {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        let pieces: Vec<Bytes> = body.chunks(piece).map(Bytes::copy_from_slice).collect();
        let pieces = futures_util::stream::iter(pieces).map(move |piece| {
            count.fetch_add(piece.len(), Ordering::Relaxed);
            Ok::<_, std::io::Error>(piece)
        });
        let request = Request::builder()
            .header("content-type", "multipart/form-data; boundary=x")
            .body(Body::from_stream(pieces))
            .unwrap();
        let read = async {
            let mut parts = Parts::of(request).await?;
            let mut lengths = Vec::new();
            while let Some(part) = parts.next().await? {
                lengths.push(part.bytes().await?.len());
            }
            Ok(lengths)
        };
        (read.await, taken.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn parts_are_read_whatever_their_length() {
        for length in [0, 1, 100_000, WITHOUT_PROGRESS_MAX, 1_900_000] {
            let mut body = Vec::new();
            for n in 0..2 {
                body.extend_from_slice(if n == 0 { "" } else { "\r\n" }.as_bytes());
                body.extend_from_slice(HEAD.as_bytes());
                body.resize(body.len() + length / 2, b'\r');
            }
            body.extend_from_slice(END.as_bytes());
            for piece in [1_000, 16 * 1024, body.len()] {
                let (lengths, taken) = read(&body, piece).await;
                assert_eq!((lengths, taken), (Ok(vec![length / 2; 2]), body.len()), "{length} by {piece}");
            }
        }
    }

    /// What does not become a part is not read to its end, of whatever length it is.
    #[tokio::test]
    async fn what_becomes_no_part_is_given_up() {
        let small = format!("{HEAD}1\r\n").repeat(2_000);
        let endless = b"x".repeat(1_700_000);
        for begun in [
            "",
            "--x\r\nContent-Disposition: form-data; name=\"",
            "--x\r\n",
            &format!("{HEAD}1\r\n--x\r\n"),
            &format!("{HEAD}1\r\n--x"),
            &format!("{small}--x\r\n"),
        ] {
            let body = [begun.as_bytes(), &endless].concat();
            for piece in [100, 16 * 1024] {
                let (lengths, taken) = read(&body, piece).await;
                assert_eq!(lengths, Err(Failure::UnreadableForm), "{begun:.60} by {piece}");
                let of_endless = taken.saturating_sub(begun.len());
                // What came with the last part, and what came after it.
                let at_once = (WITHOUT_PROGRESS_MAX / piece.max(ARRIVAL_MIN) + 1) * piece;
                assert!(of_endless <= 2 * at_once, "{begun:.60} by {piece}: {of_endless}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_too_large_says_so() {
        let app = axum::Router::new()
            .route(
                "/",
                axum::routing::post(async |request: Request| {
                    let mut parts = Parts::of(request).await?;
                    while let Some(part) = parts.next().await? {
                        part.skip().await?;
                    }
                    Ok::<_, Failure>(())
                }),
            )
            .layer(DefaultBodyLimit::max(300_000));
        for (length, status) in [(200_000, StatusCode::OK), (300_000, StatusCode::PAYLOAD_TOO_LARGE)] {
            let body = [HEAD.as_bytes(), &b"y".repeat(length), END.as_bytes()].concat();
            let request = Request::post("/").header("content-type", "multipart/form-data; boundary=x");
            let answer = app.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
            assert_eq!(answer.status(), status, "{length}");
        }
    }
}
