//! The sandbox's book: every call that came in, every push that went out, every state, one JSON line each, on disk
//! before anybody is answered. At a start the state is read back from it.

use super::faults::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Alipay,
    Logistics,
    Sms,
}

impl Side {
    pub const ALL: [Side; 3] = [Side::Alipay, Side::Logistics, Side::Sms];
}

/// One line, without its number and time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Entry {
    /// A call came in: what it held, without its signature, and how it ended (`ok` or the refusal's code).
    Received {
        partner: Side,
        call: String,
        fields: Value,
        outcome: String,
    },
    /// The waybill platform handed these fields on: the line is the courier's book.
    HandedOn {
        courier: String,
        fields: Value,
    },
    Trade(Trade),
    Transfer(Transfer),
    Parcel(Parcel),
    Message(Message),
    Push(Push),
    Fault(Fault),
    /// The sandbox's clock was moved: microseconds ahead of the real one.
    Clock {
        offset: i64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TradeState {
    WaitBuyerPay,
    TradeSuccess,
    TradeFinished,
    TradeClosed,
}

impl TradeState {
    pub fn word(self) -> &'static str {
        match self {
            TradeState::WaitBuyerPay => "WAIT_BUYER_PAY",
            TradeState::TradeSuccess => "TRADE_SUCCESS",
            TradeState::TradeFinished => "TRADE_FINISHED",
            TradeState::TradeClosed => "TRADE_CLOSED",
        }
    }
}

/// Times are UTC microseconds on the sandbox's clock, amounts fen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trade {
    pub out_trade_no: String,
    pub trade_no: String,
    pub subject: String,
    pub total: i64,
    pub state: TradeState,
    /// The secret part of the cashier's address.
    pub cashier: String,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub paid_at: Option<i64>,
    pub closed_at: Option<i64>,
    /// Index in the cashier's list of payers.
    pub payer: Option<usize>,
    pub notify_url: Option<String>,
    pub return_url: Option<String>,
    pub quit_url: Option<String>,
    pub refunds: Vec<Refund>,
}

impl Trade {
    pub fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refund {
    pub out_request_no: String,
    pub amount: i64,
    pub reason: String,
    pub at: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transfer {
    pub out_biz_no: String,
    pub order_id: String,
    pub amount: i64,
    pub payee: String,
    pub at: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parcel {
    pub parcel_ref: String,
    pub waybill_number: String,
    pub courier: String,
    pub phone_on_label: String,
    pub sort_code: String,
    pub push_url: String,
    /// The request as it came, by which a repeated one is recognised.
    pub request: Value,
    pub events: Vec<Event>,
    pub cancelled: bool,
    pub moved_at: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    pub event_id: String,
    pub kind: String,
    pub place: Option<String>,
    pub reason: Option<String>,
    pub at_ms: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    pub message_id: String,
    pub phone: String,
    pub template: String,
    pub language: String,
    pub parameters: BTreeMap<String, String>,
    pub text: String,
    pub at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushState {
    Waiting,
    /// As `Waiting`, until another one has overtaken it or its time has come.
    Held,
    Done,
    GivenUp,
}

/// Something that the sandbox tells the merchant, until the merchant has noted it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Push {
    pub id: String,
    pub partner: Side,
    pub url: String,
    /// Signed anew at each attempt, for a signature has a time.
    pub content: BTreeMap<String, Value>,
    pub attempts: u32,
    /// Milliseconds on the real clock: schedules are not moved with the sandbox's.
    pub due_ms: i64,
    pub state: PushState,
    /// A fault has delayed it already.
    pub delayed: bool,
}

/// Everything that the book says, as of its last line.
#[derive(Default)]
pub struct State {
    pub trades: BTreeMap<String, Trade>,
    pub transfers: BTreeMap<String, Transfer>,
    pub parcels: BTreeMap<String, Parcel>,
    /// In order of arrival; the same message may have arrived twice.
    pub messages: Vec<Message>,
    /// Only those that are still to be sent.
    pub pushes: BTreeMap<String, Push>,
    pub faults: Vec<Fault>,
    pub clock_offset: i64,
    /// The number of that line; 0 before the first.
    pub line: u64,
    /// Out-trade numbers by cashier token.
    cashiers: BTreeMap<String, String>,
}

impl State {
    pub fn trade_at(&self, cashier: &str) -> Option<&Trade> {
        self.trades.get(self.cashiers.get(cashier)?)
    }

    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Received { .. } | Entry::HandedOn { .. } => {}
            Entry::Trade(trade) => {
                self.cashiers.insert(trade.cashier.clone(), trade.out_trade_no.clone());
                self.trades.insert(trade.out_trade_no.clone(), trade);
            }
            Entry::Transfer(transfer) => {
                self.transfers.insert(transfer.out_biz_no.clone(), transfer);
            }
            Entry::Parcel(parcel) => {
                self.parcels.insert(parcel.parcel_ref.clone(), parcel);
            }
            Entry::Message(message) => self.messages.push(message),
            Entry::Push(push) => match push.state {
                PushState::Waiting | PushState::Held => {
                    self.pushes.insert(push.id.clone(), push);
                }
                PushState::Done | PushState::GivenUp => {
                    self.pushes.remove(&push.id);
                }
            },
            Entry::Fault(fault) => {
                self.faults.retain(|other| !other.same_kind(&fault));
                if fault.count > 0 {
                    self.faults.push(fault);
                }
            }
            Entry::Clock { offset } => self.clock_offset = offset,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Line {
    n: u64,
    /// UTC microseconds on the sandbox's clock. Entries have an `at` of their own.
    written_at: i64,
    #[serde(flatten)]
    entry: Entry,
}

pub struct Book {
    path: PathBuf,
    inner: Mutex<Inner>,
    disk: Mutex<Disk>,
}

/// The same file once more, for those who wait until their lines are on disk: one of them waits for all who wrote
/// meanwhile.
struct Disk {
    file: File,
    /// Lines below this number are on disk.
    safe: u64,
}

struct Inner {
    file: File,
    next: u64,
    state: State,
}

impl Inner {
    /// Appends whole lines, or nothing: what a full disk cut short is taken back.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let whole = self.file.stream_position()?;
        let written = self.file.write_all(lines);
        if written.is_err() {
            self.file.set_len(whole)?;
            self.file.seek(SeekFrom::Start(whole))?;
        }
        written
    }
}

impl Book {
    /// Opens the book at `path`, or begins it. A last line that a crash cut short is dropped: nobody was answered for it.
    pub fn open(path: &Path) -> io::Result<Book> {
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory)?;
        }
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let (mut state, mut next, mut whole) = (State::default(), 1, 0u64);
        let mut reader = BufReader::new(&file);
        let mut text = String::new();
        while reader.read_line(&mut text)? > 0 {
            if !text.ends_with('\n') {
                break;
            }
            let line: Line = serde_json::from_str(&text).map_err(|error| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{} line {next}: {error}", path.display()))
            })?;
            state.apply(line.entry);
            state.line = line.n;
            next = line.n + 1;
            whole += text.len() as u64;
            text.clear();
        }
        drop(reader);
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        let disk = Mutex::new(Disk { file: file.try_clone()?, safe: next });
        Ok(Book { path: path.to_owned(), inner: Mutex::new(Inner { file, next, state }), disk })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held happened before `apply`: the state is what the file says.
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock().state)
    }

    /// Decides on the state and writes what was decided, in one step: nobody else changes anything between. The lines
    /// are on disk when this returns. Blocks.
    pub fn write<T>(&self, real_now: i64, decide: impl FnOnce(&State, i64) -> (Vec<Entry>, T)) -> io::Result<T> {
        let mut inner = self.lock();
        let at = real_now + inner.state.clock_offset;
        let before = inner.next;
        let (entries, outcome) = decide(&inner.state, at);
        let mut text = String::new();
        let mut n = inner.next;
        for entry in &entries {
            text.push_str(&serde_json::to_string(&Line { n, written_at: at, entry: entry.clone() })?);
            text.push('\n');
            n += 1;
        }
        if !entries.is_empty() {
            inner.append(text.as_bytes())?;
        }
        inner.next = n;
        for entry in entries {
            inner.state.apply(entry);
        }
        inner.state.line = n - 1;
        drop(inner);
        if n > before {
            self.until_safe(n)?;
        }
        Ok(outcome)
    }

    /// Waits until all lines below number `end` are on disk.
    fn until_safe(&self, end: u64) -> io::Result<()> {
        let mut disk = self.disk.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if disk.safe >= end {
            return Ok(());
        }
        let written = self.lock().next;
        disk.file.sync_data()?;
        disk.safe = written;
        Ok(())
    }

    /// At most `most` lines after number `after`, as they stand.
    pub fn lines(&self, after: u64, most: usize) -> io::Result<Vec<Value>> {
        let mut lines = Vec::new();
        for text in BufReader::new(File::open(&self.path)?).lines() {
            // The last line may be under way.
            let Ok(line) = serde_json::from_str::<Value>(&text?) else { break };
            if line["n"].as_u64().is_some_and(|n| n > after) {
                lines.push(line);
                if lines.len() == most {
                    break;
                }
            }
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str) -> Entry {
        Entry::Message(Message {
            message_id: id.into(),
            phone: "+8613800138000".into(),
            template: "t".into(),
            language: "en".into(),
            parameters: BTreeMap::new(),
            text: "hello".into(),
            at: 1,
        })
    }

    #[test]
    fn the_book_is_read_back_and_a_torn_last_line_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/book.jsonl");
        let book = Book::open(&path).unwrap();
        book.write(5, |_, _| (vec![message("a"), Entry::Clock { offset: 7 }], ())).unwrap();
        assert_eq!(book.write(5, |_, now| (vec![], now)).unwrap(), 12);
        drop(book);

        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"n\":3,\"written_at\":1,\"wh").unwrap();
        let book = Book::open(&path).unwrap();
        book.write(5, |state, _| {
            assert_eq!((state.messages.len(), state.clock_offset, state.line), (1, 7, 2));
            (vec![message("b")], ())
        })
        .unwrap();
        let lines = book.lines(1, 10).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1]["message_id"], "b");
        assert_eq!(lines[1]["n"], 3);
    }
}
