//! What is sent to burst a marketplace: a few bytes that become many, files that are not what they say, and bodies
//! without an end. Each is refused with what is wrong, the process hardly grows, and others are answered meanwhile.

mod support;

use db::Engine;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::{Browser, Market};

const PASSWORD: &str = "wholesale-1688";
const MIB: usize = 1024 * 1024;
/// By so much the process may grow: what is sent is held once or twice while it is looked at (an archive may have
/// 128 MiB), and a picture is decoded into 200 MiB at most.
const GROWTH_MAX_KIB: u64 = 400 * 1024;
/// Nobody else waits longer for a page, with all of this on two cores and without the compiler's care.
const OTHERS_WAIT_MAX: Duration = Duration::from_secs(5);

#[test]
fn what_is_sent_to_burst_the_marketplace_is_refused() {
    let market = Market::open(Engine::Sqlite);
    let mut seller = market.browser();
    seller.signs_in("demo_seller_1", PASSWORD);
    let token = support::token(&mut seller, "/my/tokens", &["buy", "sell"]);
    guest(&market.base);
    let before = market.memory_peak_kib();
    let done = AtomicBool::new(false);
    let longest = std::thread::scope(|scope| {
        let base = &market.base;
        let others = scope.spawn(|| others(base, &done));
        // Also where one of them fails.
        let _ends = Ends(&done);
        bodies(&market, &token);
        forms(&market, &mut seller);
        unreadable(&market, &mut seller, &token);
        pictures(&market, &token);
        tables(&mut seller);
        archives(&mut seller);
        done.store(true, Ordering::Release);
        others.join().expect("others are answered")
    });
    assert!(longest < OTHERS_WAIT_MAX, "somebody else waited for {longest:?}");
    let grown = market.memory_peak_kib() - before;
    println!("grown by {grown} KiB; others waited for {longest:?} at most");
    assert!(grown < GROWTH_MAX_KIB, "the process grew by {grown} KiB");
}

struct Ends<'d>(&'d AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn guest(base: &str) {
    let page =
        ureq::get(format!("{base}/en/search?q=golden")).call().and_then(|mut page| page.body_mut().read_to_string());
    assert!(page.expect("a page").contains("/en/product/"));
}

/// Somebody who reads meanwhile: the longest wait.
fn others(base: &str, done: &AtomicBool) -> Duration {
    let mut longest = Duration::ZERO;
    while !done.load(Ordering::Acquire) {
        let begun = Instant::now();
        guest(base);
        longest = longest.max(begun.elapsed());
    }
    longest
}

// --- by hand ----------------------------------------------------------------------------------------------------------

/// A request as it stands on the line; what is said, also where the marketplace answers before it has read all.
fn raw(market: &Market, head: &str, body: impl Iterator<Item = Vec<u8>> + Send) -> (u16, String) {
    let address = market.base.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    let mut to = TcpStream::connect(address).expect("the marketplace");
    to.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
    to.set_write_timeout(Some(Duration::from_secs(60))).expect("a limit");
    let mut from = to.try_clone().expect("the way back");
    write!(to, "{head}\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("a head");
    let mut said = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for part in body {
                if to.write_all(&part).is_err() {
                    break;
                }
            }
        });
        let mut part = [0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut part) {
            said.extend_from_slice(&part[..read]);
        }
    });
    let said = String::from_utf8_lossy(&said).into_owned();
    let status = said.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no answer to {head}: {said}")), said)
}

fn whole(bytes: impl Into<Vec<u8>>) -> std::iter::Once<Vec<u8>> {
    std::iter::once(bytes.into())
}

/// A program's call with this body, whose length is said before.
fn call(market: &Market, token: &str, method_path: &str, headers: &str, body: Vec<u8>) -> (u16, String) {
    let length = body.len();
    let head = format!("{method_path} HTTP/1.1\r\nauthorization: Bearer {token}\r\n{headers}content-length: {length}");
    raw(market, &head, whole(body))
}

fn refused(what: &str, (status, said): &(u16, String), expected: u16, words: &[&str]) {
    assert_eq!(*status, expected, "{what}: {said}");
    for word in words {
        assert!(said.contains(word), "{what} is not told {word:?}: {said}");
    }
}

// --- bodies -----------------------------------------------------------------------------------------------------------

const AS_JSON: &str = "content-type: application/json\r\n";

fn bodies(market: &Market, token: &str) {
    let lines = "POST /api/v1/cart/lines";
    // Nothing is unpacked that is sent packed.
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    zeros(&mut packed, 100);
    let packed = packed.finish().expect("packed");
    assert!(packed.len() < 200_000);
    let headers = format!("{AS_JSON}content-encoding: gzip\r\n");
    refused("a packed body", &call(market, token, lines, &headers, packed), 415, &["problem-media-type"]);

    // Refused at the first step that is of the wrong kind, however deep it goes on.
    let deep = ["[", "{\"lines\":", "{\"x\":"].map(|step| step.repeat(20_000));
    for (what, deep) in ["deep lists", "deep objects", "deep unknown ones"].into_iter().zip(deep) {
        refused(what, &call(market, token, lines, AS_JSON, deep.into_bytes()), 422, &["\"errors\":[{"]);
    }
    let deep = format!("{{\"lines\":{}", "[".repeat(100_000));
    refused("deep in a field", &call(market, token, lines, AS_JSON, deep.into_bytes()), 422, &["lines.0"]);

    // Too much, with the length said, with it said wrongly small by nobody, and in parts without an end.
    let large = vec![b' '; 2 * MIB];
    refused("a large body", &call(market, token, lines, AS_JSON, large), 413, &["problem-too-large"]);
    let head = format!("{lines} HTTP/1.1\r\nauthorization: Bearer {token}\r\n{AS_JSON}transfer-encoding: chunked");
    let part = [format!("{:x}\r\n", MIB).into_bytes(), vec![b' '; MIB], b"\r\n".to_vec()].concat();
    let endless = std::iter::repeat_n(part.clone(), 200);
    refused("a body without an end", &raw(market, &head, endless), 413, &["problem-too-large"]);
    // Of a form with files.
    let publish = "POST /api/v1/sell/products";
    let form = "content-type: multipart/form-data; boundary=b\r\n";
    let head = format!("{publish} HTTP/1.1\r\nauthorization: Bearer {token}\r\n{form}transfer-encoding: chunked");
    let begun = b"--b\r\ncontent-disposition: form-data; name=\"picture\"; filename=\"a\"\r\n\r\n";
    let begun = [format!("{:x}\r\n", begun.len()).as_bytes(), begun, b"\r\n"].concat();
    let endless = std::iter::once(begun).chain(std::iter::repeat_n(part, 200));
    refused("a file without an end", &raw(market, &head, endless), 413, &["problem-too-large"]);

    for (name, words) in [("x", "api-unknown-field"), ("product", "invalid-missing"), ("picture", "picture")] {
        let part = format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{{}}\r\n");
        let many = part.repeat(10_000) + "--b--\r\n";
        let said = call(market, token, publish, form, many.into_bytes());
        refused(&format!("10,000 parts called {name}"), &said, 422, &[words]);
    }
}

/// So many MiB of zeros.
fn zeros(to: &mut impl Write, mib: usize) {
    let one = vec![0; MIB];
    (0..mib).for_each(|_| to.write_all(&one).expect("zeros"));
}

fn forms(market: &Market, seller: &mut Browser) {
    let form = |body: String| {
        let length = body.len();
        let kind = "content-type: application/x-www-form-urlencoded";
        raw(market, &format!("POST /en/sign-in HTTP/1.1\r\n{kind}\r\ncontent-length: {length}"), whole(body))
    };
    let many = |count: usize| (0..count).map(|n| format!("f{n:x}=1")).collect::<Vec<_>>().join("&");
    refused("100,000 fields", &form(many(100_000)), 413, &["<h1"]);
    // They fit, and are too many.
    refused("5,000 fields", &form(many(5_000)), 413, &["<h1"]);
    let chunked =
        "POST /en/sign-in HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\ntransfer-encoding: chunked";
    let part = [format!("{:x}\r\n", MIB).into_bytes(), vec![b'a'; MIB], b"\r\n".to_vec()].concat();
    refused("a form without an end", &raw(market, chunked, std::iter::repeat_n(part, 200)), 413, &["<h1"]);

    // 10,000 files where one was asked for: the form says what it misses.
    let empty: Vec<(&str, &str, &[u8])> = vec![("nothing", "a.csv", b"x"); 10_000];
    seller.get("/en/sell/import");
    seller.uploads("/en/sell/import", &empty).refused(&["sheet"]);
    // Refused at the second, while the others are still on their way.
    let (kind, body) = seller.get("/en/sell/products/new").form_of(&empty);
    let head = format!(
        "POST /en/sell/products/new HTTP/1.1\r\ncookie: {}\r\norigin: {}\r\nsec-fetch-site: same-origin\r\n\
         content-type: {kind}\r\ncontent-length: {}",
        seller.cookies(),
        market.base,
        body.len()
    );
    refused("the same field 10,000 times", &raw(market, &head, whole(body)), 400, &["<h1"]);
}

/// What cannot be taken apart as a form with files is told so: to a person on a page in the language of the address, to a
/// program by a code and in the language that it accepts. Nothing is done.
fn unreadable(market: &Market, seller: &mut Browser, token: &str) {
    let csrf = |seller: &mut Browser, page: &str| {
        seller.get(page).shows(&["multipart/form-data"]);
        seller.find(r#"(?s)enctype="multipart/form-data".*?name="_csrf" value="([^"]*)""#)
    };
    let of_seller = csrf(seller, "/en/sell/import");
    let part =
        |head: &str, content: &str| format!("--b\r\ncontent-disposition: form-data; {head}\r\n\r\n{content}\r\n");
    let sheet = |name: &str| part(&format!("name=\"sheet\"; filename=\"{name}\""), "product_ref,stock\nA,1");
    let (kind, end) = ("multipart/form-data; boundary=b", "--b--\r\n");
    let many_lines = format!("name=\"sheet\"; filename=\"a.csv\"{}", "\r\nx: y".repeat(40));
    let wrong = [
        ("a zero in a file's name", kind, sheet("a\0.csv") + end),
        ("a control in a file's name", kind, sheet("a\u{1b}.csv") + end),
        ("a control in a field's name", kind, part("name=\"she\u{7f}et\"; filename=\"a.csv\"", "A") + end),
        ("a head of many lines", kind, part(&many_lines, "A") + end),
        ("a head without an end", kind, "--b\r\ncontent-disposition: form-data; name=\"sheet\"\r\n".to_owned()),
        ("a form without an end", kind, sheet("a.csv")),
        ("no boundary", "multipart/form-data", sheet("a.csv") + end),
        ("another boundary", "multipart/form-data; boundary=c", sheet("a.csv") + end),
    ];
    let pages = [
        ("en", ["lang=\"en\"", "This form could not be read", "give the file a plain name and send the form again"]),
        ("zh", ["lang=\"zh-CN\"", "无法读取该表单", "请返回，将文件改为简单的名称后重新提交"]),
    ];
    let problems =
        [("en", "no name and no file name may have a control character"), ("zh", "名称和文件名不得含有控制字符")];
    let ours = format!("cookie: {}\r\norigin: {}\r\nsec-fetch-site: same-origin\r\n", seller.cookies(), market.base);
    for (what, kind, body) in &wrong {
        let sent = part("name=\"_csrf\"", &of_seller) + body;
        for (language, words) in &pages {
            let (length, kind) = (sent.len(), format!("content-type: {kind}\r\n"));
            let head = format!("POST /{language}/sell/import HTTP/1.1\r\n{ours}{kind}content-length: {length}");
            refused(what, &raw(market, &head, whole(sent.clone())), 400, words);
        }
        for (language, words) in &problems {
            for to in ["POST /api/v1/sell/imports", "POST /api/v1/sell/products"] {
                let headers = format!("content-type: {kind}\r\naccept-language: {language}\r\n");
                let said = call(market, token, to, &headers, body.clone().into_bytes());
                let code = "\"code\":\"api-form-unreadable\"";
                refused(what, &said, 400, &["application/problem+json", "problem-malformed", code, *words]);
            }
        }
    }
    seller.get("/en/sell/import").lacks(&["Earlier imports"]);
    assert!(seller.all(r#"href="/en/sell/import/([0-9a-f-]{36})""#).is_empty());

    // They can be read, and are more than any form of ours has.
    let first = part("name=\"_csrf\"", &csrf(seller, "/en/sell/products/new"));
    let many: String = (0..1_100).map(|n| part(&format!("name=\"f{n}\""), "1")).collect();
    let sent = first + &many + end;
    let head =
        format!("POST /en/sell/products/new HTTP/1.1\r\n{ours}content-type: {kind}\r\ncontent-length: {}", sent.len());
    refused("1,100 fields", &raw(market, &head, whole(sent)), 413, &["<h1", "That is too much at once"]);
}

// --- pictures ---------------------------------------------------------------------------------------------------------

fn pictures(market: &Market, token: &str) {
    let too_many = "refused-catalogue-picture-pixels";
    let none = "refused-catalogue-not-a-picture";
    // Too many pixels, or so little behind the header that it is no picture.
    let either = "refused-catalogue-";
    let wide = 60_000u32.to_be_bytes();
    let header = |width: u32, height: u32, depth: u8| {
        [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, 6, 0, 0, 0]].concat()
    };
    let mut flat = ZlibEncoder::new(Vec::new(), Compression::best());
    zeros(&mut flat, 40);
    let flat = flat.finish().expect("packed");
    let mut text = b"Comment\0\0".to_vec();
    let mut packed = ZlibEncoder::new(&mut text, Compression::best());
    zeros(&mut packed, 400);
    packed.finish().expect("packed");
    let mut profile = b"icc\0\0".to_vec();
    let mut packed = ZlibEncoder::new(&mut profile, Compression::best());
    zeros(&mut packed, 400);
    packed.finish().expect("packed");
    // A frame of 60,000 × 60,000, and a canvas of nearly as much.
    let jpeg = [&b"\xff\xd8\xff\xc0\0\x11\x08"[..], &wide[2..], &wide[2..], b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01"];
    let gif = [&b"GIF89a"[..], &60_000u16.to_le_bytes(), &60_000u16.to_le_bytes(), b"\x80\0\0\0\0\0\xff\xff\xff;"];
    let lossless = (16_383u32 | (16_383 << 14)).to_le_bytes();
    let webp = riff(&[(*b"VP8L", [&b"\x2f"[..], &lossless, &[0; 16]].concat())]);
    let canvas =
        riff(&[(*b"VP8X", [&[0; 4][..], &60_000u32.to_le_bytes()[..3], &60_000u32.to_le_bytes()[..3]].concat())]);
    let bombs = [
        ("a PNG of 60,000 × 60,000", png(&[(b"IHDR", header(60_000, 60_000, 8)), (b"IDAT", flat.clone())]), too_many),
        (
            "a PNG of 6,300 × 6,300 of 16 bits",
            png(&[(b"IHDR", header(6_300, 6_300, 16)), (b"IDAT", flat.clone())]),
            too_many,
        ),
        (
            "a PNG with a text of 400 MiB",
            png(&[(b"IHDR", header(64, 64, 8)), (b"zTXt", text), (b"IDAT", flat.clone())]),
            "",
        ),
        (
            "a PNG with a profile of 400 MiB",
            png(&[(b"IHDR", header(64, 64, 8)), (b"iCCP", profile), (b"IDAT", flat)]),
            "",
        ),
        ("a JPEG of 60,000 × 60,000", jpeg.concat(), either),
        ("a GIF of 60,000 × 60,000", gif.concat(), none),
        ("a WebP of 16,384 × 16,384", webp, either),
        ("a WebP that says 60,000 × 60,000", canvas, either),
    ];
    for (what, bytes, expected) in bombs {
        assert!(bytes.len() < MIB, "{what} is small");
        let offered = r#"{"category":"x","title":{"en":"A"},"text":{"en":"A"},"unit":{"one":"a"},"axis":{},"tiers":[],"variants":[]}"#;
        let form = [
            b"--b\r\ncontent-disposition: form-data; name=\"product\"\r\n\r\n",
            offered.as_bytes(),
            b"\r\n--b\r\ncontent-disposition: form-data; name=\"picture\"; filename=\"a.png\"\r\n\r\n",
            &bytes,
            b"\r\n--b--\r\n",
        ];
        let kind = "content-type: multipart/form-data; boundary=b\r\n";
        let said = call(market, token, "POST /api/v1/sell/products", kind, form.concat());
        // What is packed in a picture's notes is not unpacked, and its pixels are a picture: the rest of the form is refused.
        let told = if expected.is_empty() { "\"field\":\"product." } else { "\"field\":\"picture\"" };
        refused(what, &said, 422, &[told, expected]);
    }
}

fn png(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in chunks.iter().map(|(kind, content)| (*kind, &content[..])).chain([(b"IEND", &[][..])]) {
        bytes.extend((content.len() as u32).to_be_bytes());
        bytes.extend(kind);
        bytes.extend(content);
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(content);
        bytes.extend(sum.sum().to_be_bytes());
    }
    bytes
}

fn riff(chunks: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut inside = b"WEBP".to_vec();
    for (kind, content) in chunks {
        inside.extend(kind);
        inside.extend((content.len() as u32).to_le_bytes());
        inside.extend(content);
        inside.resize(inside.len().next_multiple_of(2), 0);
    }
    [&b"RIFF"[..], &(inside.len() as u32).to_le_bytes(), &inside].concat()
}

// --- tables and archives ----------------------------------------------------------------------------------------------

fn tables(seller: &mut Browser) {
    let cell = |mib: usize| ["product_ref,stock\nA,\"", &"x".repeat(mib * MIB), "\"\n"].concat();
    let wrong = [
        ("a cell of 50 MiB", cell(50), "too large: at most 32 MiB"),
        ("a cell of 30 MiB", cell(30), "Row 2"),
        ("a heading of 30 MiB", "x".repeat(30 * MIB), "no column"),
        ("a million columns", format!("product_ref{}\nA\n", ",x".repeat(1_000_000)), "no column"),
        ("a million columns without a name", format!("product_ref{}\nA\n", ",".repeat(1_000_000)), ""),
        ("30 million cells", format!("product_ref,stock\nA{}\n", ",".repeat(30_000_000)), "Row 2"),
        ("30 million cells in lines", format!("product_ref,stock\n{}\n", "\"\n\",,".repeat(6_000_000)), "Row"),
        ("15 million rows", format!("product_ref,stock\n{}", "A\n".repeat(15_000_000)), "rows"),
    ];
    for (what, file, said) in wrong {
        seller.get("/en/sell/import");
        seller.uploads("/en/sell/import", &[("sheet", "goods.csv", file.as_bytes())]);
        if said.is_empty() {
            // Columns that are empty are nothing: its one product misses everything.
            waits_for(seller, "What to mend");
            continue;
        }
        seller.refused(&["sheet"]);
        assert!(seller.text.contains(said), "{what} is not told {said:?}");
        assert!(seller.text.len() < MIB, "{what} is not said back");
    }
}

fn archives(seller: &mut Browser) {
    // A directory of a million entries; and one that says it has three, of which nobody holds the rest.
    for (told, is_one) in [(u16::MAX, false), (3, true)] {
        let bytes = full_directory(1_000_000, told);
        seller.get("/en/sell/import");
        let files: [(&str, &str, &[u8]); 2] = [("sheet", "a.csv", b"product_ref\nA\n"), ("archive", "a.zip", &bytes)];
        seller.uploads("/en/sell/import", &files);
        if is_one {
            waits_for(seller, "What to mend");
        } else {
            seller.refused(&["archive"]);
            assert!(seller.text.contains("more than 5,000 files"), "the limit is told");
        }
    }

    let mut gigabyte = DeflateEncoder::new(Vec::new(), Compression::fast());
    zeros(&mut gigabyte, 1024);
    let gigabyte = gigabyte.finish().expect("packed");
    let mut nested = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default();
    nested.start_file("again.zip", stored).expect("an archive");
    nested.write_all(&gigabyte).expect("an archive");
    let nested = nested.finish().expect("an archive").into_inner();
    let entries: [(&str, &[u8], u32, u32, u32); 6] = [
        ("bomb.jpg", &gigabyte, 1024 * MIB as u32, 0, 0),
        ("lying.jpg", &gigabyte, 1_000, 0, 0),
        ("nested.jpg", &deflated(&nested), nested.len() as u32, sum(&nested), 0),
        ("../../../../../../etc/passwd", &deflated(b"root"), 4, sum(b"root"), 0),
        ("link.jpg", &deflated(b"/etc/passwd"), 11, sum(b"/etc/passwd"), 0o120_777 << 16),
        ("/etc/absolute.jpg", &deflated(b"nothing"), 7, sum(b"nothing"), 0),
    ];
    let bytes = archive(&entries);
    assert!(bytes.len() < 64 * MIB);
    let names =
        ["bomb.jpg", "lying.jpg", "nested.jpg", "../../../../../../etc/passwd", "link.jpg", "/etc/absolute.jpg"];
    let rows = names.iter().enumerate().map(|(n, name)| format!("P-{n},{name}\n")).collect::<String>();
    let sheet = format!("product_ref,pictures\n{rows}");
    seller.get("/en/sell/import");
    let files: [(&str, &str, &[u8]); 2] = [("sheet", "goods.csv", sheet.as_bytes()), ("archive", "p.zip", &bytes)];
    seller.uploads("/en/sell/import", &files);
    waits_for(seller, "What to mend");
    let page = seller.url.clone();
    let mistakes = seller.get(&format!("{page}/mistakes.csv")).shows(&["bomb.jpg"]).text.clone();
    // Not unpacked, or only so far; or unpacked, and no picture.
    let unpacked = ["cannot be unpacked", "too large: at most 12 MiB"];
    let nested = ["cannot be unpacked", "not a JPEG"];
    let expected: [&[&str]; 6] = [&unpacked, &unpacked, &nested, &["not a JPEG"], &["not a JPEG"], &["not a JPEG"]];
    for (name, expected) in names.iter().zip(expected) {
        let line = mistakes.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}: {mistakes}"));
        assert!(expected.iter().any(|words| line.contains(words)), "{name}: {line}");
    }
    assert!(!mistakes.contains("root:"), "no file of this machine is read");
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("packed");
    packed.finish().expect("packed")
}

fn sum(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}

/// An archive of these entries: name, packed content, what it says of the unpacked one (size and sum), and attributes.
fn archive(entries: &[(&str, &[u8], u32, u32, u32)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, packed, size, sum, attributes) in entries {
        let at = bytes.len() as u32;
        // Version, flags, deflate, time, day; the sum, and both sizes.
        let shared = [
            &b"\x14\0\0\0\x08\0\0\0\0\0"[..],
            &sum.to_le_bytes(),
            &(packed.len() as u32).to_le_bytes(),
            &size.to_le_bytes(),
        ];
        let shared = [&shared.concat()[..], &(name.len() as u16).to_le_bytes(), b"\0\0"].concat();
        bytes.extend([b"PK\x03\x04", &shared[..], name.as_bytes(), packed].concat());
        let rest = [&[0; 6][..], &attributes.to_le_bytes(), &at.to_le_bytes()].concat();
        directory.extend([b"PK\x01\x02\x14\x03", &shared[..], &rest, name.as_bytes()].concat());
    }
    ended(bytes, &directory, entries.len() as u16)
}

/// The directory's end.
fn ended(mut bytes: Vec<u8>, directory: &[u8], count: u16) -> Vec<u8> {
    let (at, size) = (bytes.len() as u32, directory.len() as u32);
    bytes.extend_from_slice(directory);
    let count = count.to_le_bytes();
    bytes
        .extend([&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size.to_le_bytes(), &at.to_le_bytes(), b"\0\0"].concat());
    bytes
}

/// A directory of so many entries without content, of which `told` are said to be there. Where that is not all, the true
/// number stands in the longer end that large archives have.
fn full_directory(entries: usize, told: u16) -> Vec<u8> {
    let mut directory = Vec::with_capacity(entries * 52);
    for n in 0..entries {
        directory.extend(
            b"PK\x01\x02\x14\x03\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        );
        directory.extend(format!("{n:06}").as_bytes());
    }
    if told < u16::MAX {
        return ended(Vec::new(), &directory, told);
    }
    let (count, size) = ((entries as u64).to_le_bytes(), (directory.len() as u64).to_le_bytes());
    let end =
        [&b"PK\x06\x06"[..], &44u64.to_le_bytes(), b"\x2d\0\x2d\0\0\0\0\0\0\0\0\0", &count, &count, &size, &[0; 8]];
    let place = [&b"PK\x06\x07\0\0\0\0"[..], &(directory.len() as u64).to_le_bytes(), &1u32.to_le_bytes()];
    let mut bytes = [directory, end.concat(), place.concat()].concat();
    bytes.extend([&b"PK\x05\x06\0\0\0\0"[..], &[0xff; 12], b"\0\0"].concat());
    bytes
}

/// Loads the page anew until it says so.
fn waits_for(browser: &mut Browser, words: &str) {
    let page = browser.url.clone();
    support::wait_until(words, || {
        (browser.status == 200 && browser.text.contains(words)).then_some(()).or_else(|| {
            browser.get(&page);
            None
        })
    });
}
