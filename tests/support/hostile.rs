//! What nobody means well by: texts that are code, markup, a formula, a path or no text at all to whoever takes them for
//! more than they are. Each that could become something bears `zq`, so that what it became is found again.

#![allow(dead_code)]

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

/// Some hundreds of them. Most are text; the last are bytes that are none.
pub fn strings() -> Vec<Vec<u8>> {
    let mut all: Vec<String> = Vec::new();
    markup(&mut all);
    interpreters(&mut all);
    letters(&mut all);
    shapes(&mut all);
    let mut all: Vec<Vec<u8>> = all.into_iter().map(String::into_bytes).collect();
    all.extend(broken());
    all
}

/// Those that are text.
pub fn texts() -> Vec<String> {
    strings().into_iter().filter_map(|bytes| String::from_utf8(bytes).ok()).collect()
}

fn put(all: &mut Vec<String>, texts: &[&str]) {
    all.extend(texts.iter().map(|text| (*text).to_owned()));
}

/// Every way out of a text, an attribute or an element, with every thing to do there.
fn markup(all: &mut Vec<String>) {
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
    let ways_out = ["", "\">", "'>", "</textarea>", "</title>", "</option></select>", "</script>", "-->", "]]>", "`>"];
    for way_out in ways_out {
        all.extend(deeds.iter().map(|deed| format!("{way_out}{deed}")));
    }
    put(
        all,
        &[
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
            "expression(zq())",
            "</p><p class=zq>",
            "<plaintext>zq",
            "<noscript><p title=\"</noscript><img src=x onerror=zq()>\">",
            "<math><mtext></form><form><mglyph><style></math><img src onerror=zq()>",
        ],
    );
}

/// Templates, queries, formulas, shells, formats and paths.
fn interpreters(all: &mut Vec<String>) {
    for (before, after) in [
        ("{{", "}}"),
        ("${", "}"),
        ("#{", "}"),
        ("<%=", "%>"),
        ("{", "}"),
        ("@(", ")"),
        ("[[", "]]"),
        ("{%", "%}"),
        ("$((", "))"),
    ] {
        all.push(format!("zq{before}7*7{after}zq"));
    }
    // Fluent's own: what is typed is an argument and never a pattern.
    put(all, &["{ $zq }", "{ zq-key }", "zq = { 7 }", "{\"zq\"}", "{ NUMBER(7) }", "\u{2068}zq\u{2069}"]);
    put(
        all,
        &[
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
        ],
    );
    for formula in ["1+1", "cmd|' /C zq'!A0", "HYPERLINK(\"http://zq.example\";\"zq\")", "zq"] {
        all.extend(
            ["=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠", "'=", "\"=", " ="]
                .map(|c| format!("{c}{formula}")),
        );
    }
    put(
        all,
        &[
            "; zq",
            "| zq",
            "`zq`",
            "$(zq)",
            "& zq &",
            "%s%s%s%n",
            "%d%x%p",
            "{}",
            "{0}",
            "{:?}",
            "%%zq",
            "%zz",
            "%0d%0azq: 1",
            "zq\r\nzq-injected: 1",
            "zq\nzq-injected: 1",
            "zq\r\n\r\n<script>zq()</script>",
            "zq\u{85}next",
            "zq\u{2028}line\u{2029}end",
            "../../../../etc/passwd",
            "..\\..\\zq",
            "/etc/passwd",
            "....//....//zq",
            "%2e%2e%2fzq",
            "zq\u{0}.png",
            "C:\\zq",
            "\\\\zq\\share",
            "file:///etc/passwd",
            "http://127.0.0.1:1/zq",
            "http://[::1]/zq",
            "http://169.254.169.254/zq",
            "http://0x7f000001/zq",
            "http://zq@127.0.0.1/",
            "https://zq.example:99999/",
            "https://zq..example/",
            "http://\u{ff11}27.0.0.1/",
            "CON",
            "NUL",
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
        ],
    );
}

/// What letters can do by themselves.
fn letters(all: &mut Vec<String>) {
    for sign in [
        '\u{202e}',
        '\u{202d}',
        '\u{2066}',
        '\u{2067}',
        '\u{2068}',
        '\u{2069}',
        '\u{200e}',
        '\u{200f}',
        '\u{61c}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{2060}',
        '\u{feff}',
        '\u{ad}',
        '\u{34f}',
        '\u{180e}',
        '\u{3164}',
        '\u{115f}',
        '\u{fff9}',
        '\u{fffc}',
        '\u{fffd}',
        '\u{fffe}',
        '\u{ffff}',
        '\u{e0001}',
        '\u{e0041}',
        '\u{f0000}',
        '\u{10ffff}',
    ] {
        all.push(format!("zq{sign}gpj.exe"));
        all.push(sign.to_string());
    }
    // Controls, of the C1 set too.
    all.extend(
        (0_u32..32).chain([127, 128, 155, 159]).filter_map(char::from_u32).map(|control| format!("zq{control}zq")),
    );
    put(
        all,
        &[
            "👨‍👩‍👧‍👦",
            "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
            "🇨🇳🇨",
            "👍🏽",
            "❤️",
            "e\u{301}",
            "\u{301}",
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
            "العربية zq",
            "עברית zq",
            "zqمرحبا",
            "ཨོཾ",
            "క్షి",
            "ᄒ\u{1161}\u{11ab}",
        ],
    );
    all.push(format!("z{}q", "\u{300}\u{316}\u{327}".repeat(40)));
    all.push("\u{335}".repeat(300));
    all.push("\u{202e}".repeat(100));
    all.push("👨‍👩‍👧‍👦".repeat(60));
}

/// Lengths, numbers, and nothing.
fn shapes(all: &mut Vec<String>) {
    all.extend([81, 256, 1_001, 5_001, 20_000].map(|length| "q".repeat(length)));
    all.push("汉".repeat(3_000));
    all.push("<".repeat(3_000));
    all.push("&".repeat(3_000));
    all.push(format!("{}{}", "{\"zq\":".repeat(500), "}".repeat(500)));
    all.push("[".repeat(2_000));
    all.push("zq\n".repeat(400));
    put(
        all,
        &[
            "",
            " ",
            "\t",
            "\n",
            "\u{3000}",
            "\u{a0}",
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
            "13900000000000",
            "+8613900000001",
            "0000-00-00",
            "9999-12-31T23:59:60Z",
            "2026-02-30",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ],
    );
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

/// What on this page came from one of them.
pub fn faults(page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut emitter = DefaultEmitter::default();
    // Script, style, title and textarea are read as a browser does.
    emitter.naively_switch_states(true);
    for token in Tokenizer::new_with_emitter(page, emitter) {
        match token.unwrap_or_else(|never| match never {}) {
            Token::StartTag(tag) => {
                let name = lossy(&tag.name);
                let value = |wanted: &str| {
                    tag.attributes.iter().find(|(name, _)| lossy(name) == wanted).map(|(_, value)| lossy(value))
                };
                let ours = match name.as_str() {
                    "script" => value("src").is_some_and(|src| src.starts_with("/assets/")),
                    "style" | "iframe" | "object" | "embed" | "base" | "svg:script" | "plaintext" | "math" => false,
                    "meta" => value("http-equiv")
                        .is_none_or(|kind| kind == "refresh" && !value("content").is_some_and(|c| c.contains("zq"))),
                    name => !name.contains("zq"),
                };
                if !ours {
                    faults.push(format!(
                        "an element <{name}> {:?}",
                        tag.attributes.keys().map(|name| lossy(name)).collect::<Vec<_>>()
                    ));
                }
                for (attribute, value) in &tag.attributes {
                    let (attribute, value) = (lossy(attribute), lossy(value));
                    let leads =
                        matches!(attribute.as_str(), "href" | "src" | "action" | "formaction" | "poster" | "srcset");
                    let plain: String = value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
                    let plain = plain.to_lowercase();
                    let executes =
                        ["javascript:", "data:text", "vbscript:"].iter().any(|scheme| plain.starts_with(scheme));
                    let away =
                        matches!(attribute.as_str(), "action" | "formaction" | "src") && plain.contains("//zq.example");
                    if attribute.starts_with("on")
                        || attribute == "style"
                        || attribute.contains("zq")
                        || (leads && (executes || away))
                    {
                        faults.push(format!("an attribute {attribute}={value:?} of <{name}>"));
                    }
                }
            }
            Token::Comment(comment) if lossy(&comment).contains("zq") => {
                faults.push(format!("a comment {:?}", lossy(&comment)))
            }
            Token::String(text) if lossy(&text).contains("zq49zq") => {
                faults.push("a template that was carried out".to_owned())
            }
            _ => {}
        }
    }
    // Zeros, and signs that turn what is around them.
    if page.contains('\0') {
        faults.push("a zero".to_owned());
    }
    faults
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
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
