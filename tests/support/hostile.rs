//! What nobody means well by: texts that are code, markup, a formula, a path or no text at all to whoever takes them for
//! more than they are. Each that could become something bears `zq`, so that what it became is found again.

#![allow(dead_code)]

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};
use std::borrow::Cow;

/// One of them, and of what class it is: those of a class try the same door, so a field that met only some of a class has
/// met the class, and one that met none has a door that nobody tried.
#[derive(Clone, Debug)]
pub struct Text {
    pub class: &'static str,
    pub bytes: Vec<u8>,
}

/// Some hundreds of them. Most are text; the last are bytes that are none.
pub fn strings() -> Vec<Text> {
    let classes = [ways_out(), markup(), interpreters(), outside(), letters(), shapes()].concat();
    let text = |(class, texts): (&'static str, Vec<String>)| {
        texts.into_iter().map(move |text| Text { class, bytes: text.into_bytes() })
    };
    let mut all: Vec<Text> = classes.into_iter().flat_map(text).collect();
    all.extend(broken().into_iter().map(|bytes| Text { class: "broken bytes", bytes }));
    all
}

/// Those that are text.
pub fn texts() -> Vec<String> {
    strings().into_iter().filter_map(|text| String::from_utf8(text.bytes).ok()).collect()
}

/// A class with its texts.
type Class = (&'static str, Vec<String>);

fn class(name: &'static str, texts: &[&str]) -> Class {
    (name, texts.iter().map(|text| (*text).to_owned()).collect())
}

/// Every way out of a text, an attribute or an element, with every thing to do there.
fn ways_out() -> Vec<Class> {
    let deeds = [
        "<script>zq()</script>",
        "<img src=x onerror=zq()>",
        "<svg/onload=zq()>",
        "<zqelement zqattribute=1>",
        "<iframe src=javascript:zq()></iframe>",
        "<style>*{zq:1}</style>",
        "<base href=//zq.example/>",
        "<form action=//zq.example/><input name=zq>",
        "<meta http-equiv=refresh content=0;url=//zq.example/>",
        "<!--zq",
    ];
    let ways_out = [
        ("markup in a text", ""),
        ("markup after a quotation mark", "\">"),
        ("markup after an apostrophe", "'>"),
        ("markup after a backtick", "`>"),
        ("markup after a textarea", "</textarea>"),
        ("markup after a title", "</title>"),
        ("markup after a choice", "</option></select>"),
        ("markup after a script", "</script>"),
        ("markup after a comment", "-->"),
        ("markup after CDATA", "]]>"),
    ];
    ways_out.map(|(class, way_out)| (class, deeds.iter().map(|deed| format!("{way_out}{deed}")).collect())).into()
}

/// Markup that is not written as elements are, or needs none.
fn markup() -> Vec<Class> {
    let attributes = [
        "\" onfocus=zq() autofocus zq=\"",
        "' onmouseover=zq() zq='",
        "x onclick=zq()",
        "zq\" style=\"color:red",
        "javascript:zq()",
        " jAvAsCrIpT:zq()",
        "java\tscript:zq()",
        "data:text/html,<script>zq()</script>",
        "vbscript:zq()",
        "//zq.example/",
        "https://zq.example/\" onclick=zq() x=\"",
        "expression(zq())",
    ];
    let disguised = [
        "\\u003cscript\\u003ezq()\\u003c/script\\u003e",
        "&lt;script&gt;zq()&lt;/script&gt;",
        "&#60;script&#62;zq()&#60;/script&#62;",
        "%3Cscript%3Ezq()%3C/script%3E",
        "<ſcript>zq()</ſcript>",
        "＜script＞zq()＜/script＞",
        "<scr\u{0}ipt>zq()</script>",
        "<<script>zq()//<</script>",
        "<x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">zq()</x:script>",
        "<![CDATA[<script>zq()</script>]]>",
        "<?php echo 'zq'; ?>",
        "<!DOCTYPE zq [<!ENTITY zq SYSTEM \"file:///etc/passwd\">]>&zq;",
        "*/zq()/*",
        "</p><p class=zq>",
        "<plaintext>zq",
        "<noscript><p title=\"</noscript><img src=x onerror=zq()>\">",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=zq()>",
    ];
    vec![class("attributes and schemes", &attributes), class("markup in disguise", &disguised)]
}

/// What an engine of the house or of whoever reads on would carry out: templates, queries, spreadsheets.
fn interpreters() -> Vec<Class> {
    let signs = [
        ("{{", "}}"),
        ("${", "}"),
        ("#{", "}"),
        ("<%=", "%>"),
        ("{", "}"),
        ("@(", ")"),
        ("[[", "]]"),
        ("{%", "%}"),
        ("$((", "))"),
    ];
    let mut templates: Vec<String> = signs.map(|(before, after)| format!("zq{before}7*7{after}zq")).into();
    // Fluent's own: what is typed is an argument and never a pattern.
    let fluent = ["{ $zq }", "{ zq-key }", "zq = { 7 }", "{\"zq\"}", "{ NUMBER(7) }", "\u{2068}zq\u{2069}"];
    templates.extend(fluent.map(str::to_owned));
    let sql = [
        "zq' OR '1'='1",
        "zq\" OR \"1\"=\"1",
        "zq'; DROP TABLE member; --",
        "1; SELECT pg_sleep(9)--",
        "zq') UNION SELECT password FROM member--",
        "zq\\'; --",
        "zq/**/OR/**/1=1",
        "$1",
        "$$zq$$",
        "?1",
        ":zq",
        "%",
        "_",
        "zq%",
        "\\",
        "\\\\",
        "zq\\",
        "' || (SELECT zq) || '",
        "x'5a51'",
        "E'\\\\x5a51'",
    ];
    let searches = [
        "*:*",
        "zq~9",
        "zq^99999999999",
        "title:zq OR *",
        "\"zq",
        "(zq",
        "zq)",
        "[zq TO *]",
        "+-!(){}[]^\"~*?:\\/",
        "AND OR NOT",
        "zq AND",
    ];
    let begun = ["=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠", "'=", "\"=", " ="];
    let formulas = ["1+1", "cmd|' /C zq'!A0", "HYPERLINK(\"http://zq.example\";\"zq\")", "zq"];
    let formulas = formulas.iter().flat_map(|formula| begun.map(|sign| format!("{sign}{formula}"))).collect();
    vec![
        ("templates", templates),
        class("queries of a database", &sql),
        class("queries of a search", &searches),
        ("formulas", formulas),
    ]
}

/// What leaves the page: shells, formats, headers, paths, addresses, and words that languages keep to themselves.
fn outside() -> Vec<Class> {
    let commands =
        ["; zq", "| zq", "`zq`", "$(zq)", "& zq &", "%s%s%s%n", "%d%x%p", "{}", "{0}", "{:?}", "%%zq", "%zz"];
    let lines = [
        "%0d%0azq: 1",
        "zq\r\nzq-injected: 1",
        "zq\nzq-injected: 1",
        "zq\r\n\r\n<script>zq()</script>",
        "zq\u{85}next",
        "zq\u{2028}line\u{2029}end",
    ];
    let paths = [
        "../../../../etc/passwd",
        "..\\..\\zq",
        "/etc/passwd",
        "....//....//zq",
        "%2e%2e%2fzq",
        "zq\u{0}.png",
        "C:\\zq",
        "\\\\zq\\share",
        "CON",
        "NUL",
    ];
    let addresses = [
        "file:///etc/passwd",
        "http://127.0.0.1:1/zq",
        "http://[::1]/zq",
        "http://169.254.169.254/zq",
        "http://0x7f000001/zq",
        "http://zq@127.0.0.1/",
        "https://zq.example:99999/",
        "https://zq..example/",
        "http://\u{ff11}27.0.0.1/",
    ];
    let words = [
        "null",
        "undefined",
        "NaN",
        "Infinity",
        "true",
        "[object Object]",
        "__proto__",
        "constructor",
        "{\"zq\":1}",
        "[]",
    ];
    vec![
        class("commands and formats", &commands),
        class("lines and headers", &lines),
        class("paths", &paths),
        class("addresses", &addresses),
        class("words of programs", &words),
    ]
}

/// What letters can do by themselves.
fn letters() -> Vec<Class> {
    let turning =
        ['\u{202e}', '\u{202d}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{200e}', '\u{200f}', '\u{61c}'];
    let hiding = [
        '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}', '\u{34f}', '\u{180e}', '\u{3164}',
        '\u{115f}',
    ];
    let none = [
        '\u{fff9}',
        '\u{fffc}',
        '\u{fffd}',
        '\u{fffe}',
        '\u{ffff}',
        '\u{e0001}',
        '\u{e0041}',
        '\u{f0000}',
        '\u{10ffff}',
    ];
    let with = |signs: &[char]| -> Vec<String> {
        signs.iter().flat_map(|sign| [format!("zq{sign}gpj.exe"), sign.to_string()]).collect()
    };
    let mut turned = with(&turning);
    turned.extend(["العربية zq", "עברית zq", "zqمرحبا"].map(str::to_owned));
    turned.push("\u{202e}".repeat(100));
    // Controls, of the C1 set too.
    let controls = (0_u32..32).chain([127, 128, 155, 159]).filter_map(char::from_u32);
    let controls = controls.map(|control| format!("zq{control}zq")).collect();
    let alike = [
        "Å",
        "Å",
        "ﬃ",
        "ﷺ",
        "İstanbul ı",
        "ΣΑΣ ς",
        "ẞß",
        "ǆ",
        "𝓏𝓆",
        "аdmin",
        "раураl",
        "１２３",
        "٣",
        "½",
        "Ⅻ",
        "一二三",
        "㍿",
        "𠮷野家",
        "龘",
    ];
    let mut joined: Vec<String> =
        ["👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇨🇳🇨", "👍🏽", "❤️", "e\u{301}", "\u{301}", "ཨོཾ", "క్షి", "ᄒ\u{1161}\u{11ab}"]
            .map(str::to_owned)
            .into();
    joined.push(format!("z{}q", "\u{300}\u{316}\u{327}".repeat(40)));
    joined.push("\u{335}".repeat(300));
    joined.push("👨‍👩‍👧‍👦".repeat(60));
    vec![
        ("signs that turn", turned),
        ("signs that hide", with(&hiding)),
        ("signs that are no letters", with(&none)),
        ("controls", controls),
        class("letters like others", &alike),
        ("signs of several letters", joined),
    ]
}

/// Lengths, numbers, and nothing.
fn shapes() -> Vec<Class> {
    let mut long: Vec<String> = [81, 256, 1_001, 5_001, 20_000].map(|length| "q".repeat(length)).into();
    long.extend(["汉", "<", "&"].map(|letter| letter.repeat(3_000)));
    long.push(format!("{}{}", "{\"zq\":".repeat(500), "}".repeat(500)));
    long.push("[".repeat(2_000));
    long.push("zq\n".repeat(400));
    let numbers = [
        "0",
        "-0",
        "-1",
        "1e309",
        "1E5",
        "0x10",
        "1_000",
        "1,000",
        "1.000,00",
        "00000001",
        "2147483648",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999999999",
        "0.000000000000000000001",
        "1/0",
        "１２３４５",
        "¹",
        "+1",
        "1 ",
        "\u{202d}1",
    ];
    let forms = [
        "13900000000000",
        "+8613900000001",
        "0000-00-00",
        "9999-12-31T23:59:60Z",
        "2026-02-30",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ];
    vec![
        ("overlong", long),
        class("nothing", &["", " ", "\t", "\n", "\u{3000}", "\u{a0}"]),
        class("numbers", &numbers),
        class("telephones, times and ids", &forms),
    ]
}

/// Bytes that are not UTF-8, and some that only look so.
fn broken() -> Vec<Vec<u8>> {
    [
        &b"\xff"[..],
        b"\xfe\xff",
        b"zq\x80",
        b"zq\xc0\xafzq",
        b"\xc0\xbcscript\xc0\xbezq",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"zq\xe4\xb8",
        b"\xb8\xad",
        b"\x80<script>zq()</script>",
        b"\xa1<zqelement>",
        b"zq\x00",
        b"\x00",
        b"\xc4\xe3\xba\xc3",
        b"\xd6\xd0\xb9\xfazq",
    ]
    .map(<[u8]>::to_vec)
    .into()
}

/// As [`faults`], of the parts of the page alone that hold one of them: some thousands of pages are looked at, and most of
/// each came from nobody. A text that became markup did so at a `<` of its own, or within the tag where it stands.
pub fn faults_around(page: &str) -> Vec<String> {
    let (mut around, mut end) = (String::new(), 0);
    let next = |from: usize| page[from..].find('<').map_or(page.len(), |at| from + at);
    for (at, zq) in page.match_indices("zq") {
        if at >= end {
            let begin = page[end..at].rfind('<').map_or(end, |begin| end + begin);
            // With the tag that follows: it ends what the page began.
            end = next((next(at + zq.len()) + 1).min(page.len()));
            around.push_str(&page[begin..end]);
        }
    }
    let zero = if page.contains('\0') { "\0" } else { "" };
    faults(&(around + zero))
}

/// What on this page came from one of them.
pub fn faults(page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut emitter = DefaultEmitter::default();
    // Script, style, title and textarea are read as a browser does.
    emitter.naively_switch_states(true);
    for token in Tokenizer::new_with_emitter(page, emitter) {
        match token.unwrap_or_else(|never| match never {}) {
            Token::StartTag(tag) => faults.extend(faults_of(&tag)),
            Token::Comment(comment) if lossy(&comment).contains("zq") => {
                faults.push(format!("a comment {:?}", lossy(&comment)))
            }
            Token::String(text) if lossy(&text).contains("zq49zq") => {
                faults.push("a template that was carried out".to_owned())
            }
            _ => {}
        }
    }
    if page.contains('\0') {
        faults.push("a zero".to_owned());
    }
    faults
}

fn faults_of(tag: &StartTag<()>) -> Vec<String> {
    let name = lossy(&tag.name);
    let value =
        |wanted: &str| tag.attributes.iter().find(|(name, _)| lossy(name) == wanted).map(|(_, value)| lossy(value));
    let ours = match &*name {
        "script" => value("src").is_some_and(|src| src.starts_with("/assets/")),
        "style" | "iframe" | "object" | "embed" | "base" | "svg:script" | "plaintext" | "math" => false,
        "meta" => value("http-equiv")
            .is_none_or(|kind| kind == "refresh" && !value("content").is_some_and(|c| c.contains("zq"))),
        name => !name.contains("zq"),
    };
    let mut faults = Vec::new();
    if !ours {
        faults.push(format!(
            "an element <{name}> {:?}",
            tag.attributes.keys().map(|name| lossy(name)).collect::<Vec<_>>()
        ));
    }
    for (attribute, value) in &tag.attributes {
        let (attribute, value) = (lossy(attribute), lossy(value));
        if attribute.starts_with("on")
            || attribute == "style"
            || attribute.contains("zq")
            || executes_or_leads_away(&attribute, &value)
        {
            faults.push(format!("an attribute {attribute}={value:?} of <{name}>"));
        }
    }
    faults
}

/// An address that is code, or something that is sent or fetched elsewhere than here.
fn executes_or_leads_away(attribute: &str, value: &str) -> bool {
    if !matches!(attribute, "href" | "src" | "action" | "formaction" | "poster" | "srcset") {
        return false;
    }
    let plain: String = value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let plain = plain.to_lowercase();
    ["javascript:", "data:text", "vbscript:"].iter().any(|scheme| plain.starts_with(scheme))
        || matches!(attribute, "action" | "formaction" | "src") && plain.contains("//zq.example")
}

fn lossy(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text)
}

/// The cells of this table that a spreadsheet would calculate.
pub fn formulas(table: &str) -> Vec<String> {
    let text = table.trim_start_matches('\u{feff}');
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let calculates = |cell: &&str| {
        let number = cell.strip_prefix('-').unwrap_or(cell).chars().all(|c| c.is_ascii_digit() || c == '.');
        cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) && !number
    };
    let rows = rows.records().map(|row| row.expect("a row"));
    rows.flat_map(|row| row.iter().filter(calculates).map(str::to_owned).collect::<Vec<_>>()).collect()
}
