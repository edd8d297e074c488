//! What a person sends: read strictly, given out by name, and every mistake kept for the form that is shown again.
//!
//! ```text
//! async fn save(frame: Frame, form: FormData) -> Result<Response, Failure> {
//!     let mut errors = FormErrors::default();
//!     let name = errors.take("consignee_name", Entered::<ConsigneeName>::parse(&form.typed("consignee_name")));
//!     let quantity = errors.keep(form.number("qty", 1..=999_999));
//!     let (Some(name), Some(quantity)) = (name, quantity) else {
//!         return Ok(show(&frame, &form, &errors));   // the same page, 422, with what was typed
//!     };
//! ```

use crate::csrf;
use crate::error::Failure;
use crate::format;
use crate::frame;
use crate::language::{Arg, Lang, f};
use crate::multipart;
use axum::extract::{FromRequest, Request};
use axum::http::{Method, header, request::Parts};
use catalogue::written::{self, NotANumber};
use policy::{Invalid, Typed};
use std::collections::HashSet;
use std::ops::RangeInclusive;
use zeroize::Zeroizing;

/// The largest body of a form.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// A cart of a few hundred lines fits; a flood of names does not.
const FIELDS_MAX: usize = 2_000;
/// Stands where something came that is no text.
const BROKEN: char = char::REPLACEMENT_CHARACTER;

/// The fields of one sent form, checked to come from our own page.
///
/// Fields that nobody asks for are ignored. A name that ends in `[]` may come several times; any other that does
/// makes the whole request senseless (0-a.S1: one control, one meaning). What is no text (not UTF-8, or with a zero in
/// it) comes with [`BROKEN`] in its place: it is refused at its own field, and the rest of the form is kept.
pub struct FormData {
    fields: Vec<(String, Zeroizing<String>)>,
}

impl<S: Sync> FromRequest<S> for FormData {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<FormData, Failure> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let urlencoded = kind.split(';').next().is_some_and(|k| k.trim() == "application/x-www-form-urlencoded");
        if parts.method != Method::POST || !urlencoded {
            return Err(Failure::BadRequest);
        }
        let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|n| n.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|bytes| bytes > BODY_BYTES_MAX) {
            return Err(Failure::TooLarge);
        }
        let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Failure::TooLarge)?;
        let form = FormData::parse(&bytes)?;
        from_us(&parts, form.text(csrf::FIELD))?;
        Ok(form)
    }
}

/// That a request was sent from our own page by its reader.
fn from_us(parts: &Parts, token: &str) -> Result<(), Failure> {
    let Some((csrf, site)) = frame::binding(&parts.extensions, &parts.headers) else {
        return Err(Failure::fault("a form was sent outside the shell"));
    };
    if csrf::same_origin(&site, &parts.headers) && csrf.verify(token) { Ok(()) } else { Err(Failure::StaleForm) }
}

/// A form with files, checked to come from our own page: the token is its first field, so that nothing is read of a body
/// that is not ours. What follows is the caller's to read.
pub async fn with_files(request: Request) -> Result<multipart::Parts, Failure> {
    let (head, body) = request.into_parts();
    let mut parts = multipart::Parts::of(Request::from_parts(head.clone(), body)).await?;
    match parts.next().await? {
        Some(first) if first.name() == csrf::FIELD => {
            from_us(&head, &text_of(&token(first).await?))?;
        }
        _ => return Err(Failure::StaleForm),
    }
    Ok(parts)
}

/// What stands in the first field. One that is longer than a token is not read on.
async fn token(mut first: multipart::Part<'_>) -> Result<Vec<u8>, Failure> {
    let mut token = Vec::new();
    while let Some(more) = first.piece().await? {
        token.extend_from_slice(&more);
        if token.len() > csrf::TOKEN_BYTES_MAX {
            return Err(Failure::StaleForm);
        }
    }
    Ok(token)
}

impl FormData {
    /// The fields of an urlencoded body or query.
    pub fn parse(bytes: &[u8]) -> Result<FormData, Failure> {
        let mut fields: Vec<(String, Zeroizing<String>)> = Vec::new();
        let mut single = HashSet::new();
        for pair in bytes.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            if fields.len() == FIELDS_MAX {
                return Err(Failure::TooLarge);
            }
            let equals = pair.iter().position(|b| *b == b'=');
            let (name, value) = equals.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
            let name = decode(name);
            if name.contains(BROKEN) {
                return Err(Failure::BadRequest);
            }
            if !name.ends_with("[]") && !single.insert(name.clone()) {
                return Err(Failure::BadRequest);
            }
            fields.push((name, Zeroizing::new(decode(value))));
        }
        Ok(FormData { fields })
    }

    /// Nothing sent: the form as it is shown first.
    pub fn empty() -> FormData {
        FormData { fields: Vec::new() }
    }

    /// A form filled with what is kept, to be edited by its owner.
    pub fn of(pairs: &[(&str, &str)]) -> FormData {
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), Zeroizing::new((*value).to_owned()));
        FormData { fields: pairs.iter().map(field).collect() }
    }

    /// All fields as they came.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The text of a field that is nobody's personal data; empty if it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(other, _)| other == name)
    }

    /// Personal data on their way to `Entered::parse`.
    pub fn typed(&self, name: &str) -> Typed {
        let text = self.text(name);
        // No rule of a field takes a control character, so what is no text is refused there and never sealed.
        Typed::new(if text.contains(BROKEN) { "\u{1}" } else { text })
    }

    /// All values of a name that ends in `[]`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// `qty-7` and `qty-9` for the prefix `qty-`: the rest of each name (say a variant's id), in the order sent.
    pub fn rows<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter_map(move |(name, _)| name.strip_prefix(prefix))
    }

    /// A ticked box. Its value does not matter; an absent one is not ticked.
    pub fn checked(&self, name: &str) -> bool {
        self.has(name)
    }

    /// A whole number in `range`. White space around it, separators of thousands and full-width digits (as a Chinese
    /// keyboard writes them) are understood.
    pub fn number(&self, name: &str, range: RangeInclusive<i64>) -> Result<i64, FieldError> {
        written::whole(self.text(name), &range).map_err(|wrong| match wrong {
            NotANumber::Missing => FieldError::plain(name, "invalid-missing"),
            NotANumber::Form => FieldError::plain(name, "invalid-number"),
            NotANumber::OutOfRange => {
                FieldError::new(name, "invalid-range", [("min", *range.start()), ("max", *range.end())])
            }
        })
    }

    /// As `number`; `None` where nothing was typed.
    pub fn number_or_none(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, FieldError> {
        if self.text(name).trim().is_empty() { Ok(None) } else { self.number(name, range).map(Some) }
    }

    /// An amount in minor units: `1920`, `1,920.5` and `1920.50` CNY are 192000, 192050 and 192050.
    pub fn money(&self, name: &str, currency: &str, range: RangeInclusive<i64>) -> Result<i64, FieldError> {
        let digits = format::minor_digits(currency) as usize;
        written::money(self.text(name), digits, &range).map_err(|wrong| match wrong {
            NotANumber::Missing => FieldError::plain(name, "invalid-missing"),
            NotANumber::Form => FieldError::plain(name, "invalid-money"),
            NotANumber::OutOfRange => {
                let show = |minor| Arg::from(format::money_plain(minor, currency));
                let ends = [("min", show(*range.start())), ("max", show(*range.end()))];
                FieldError::new(name, "invalid-money-range", ends)
            }
        })
    }

    /// The one of `options` that was chosen.
    pub fn choice<'o>(&self, name: &str, options: &[&'o str]) -> Result<&'o str, FieldError> {
        let sent = self.text(name);
        let chosen = options.iter().find(|option| **option == sent);
        chosen.copied().ok_or_else(|| FieldError::plain(name, "invalid-choice"))
    }

    /// One line that is nobody's personal data (a product's title), of `min` to `max` characters.
    pub fn line(&self, name: &str, min: usize, max: usize) -> Result<String, FieldError> {
        self.worded(name, min, max, false)
    }

    /// As `line`, of several lines.
    pub fn paragraphs(&self, name: &str, min: usize, max: usize) -> Result<String, FieldError> {
        self.worded(name, min, max, true)
    }

    fn worded(&self, name: &str, min: usize, max: usize, lines: bool) -> Result<String, FieldError> {
        let text = self.text(name).trim().replace("\r\n", "\n");
        let length = text.chars().count();
        let sound = |c: char| !policy::deceives(c) && c != BROKEN;
        let allowed = |c: char| sound(c) && (!c.is_control() || (lines && matches!(c, '\n' | '\t')));
        if !text.chars().all(allowed) {
            Err(FieldError::plain(name, "invalid-characters"))
        } else if text.is_empty() && min > 0 {
            Err(FieldError::plain(name, "invalid-missing"))
        } else if length < min {
            Err(FieldError::new(name, "invalid-too-short", [("limit", min)]))
        } else if length > max {
            Err(FieldError::new(name, "invalid-too-long", [("limit", max)]))
        } else {
            Ok(text)
        }
    }
}

/// Whether `path` is one of ours, without the language, and nothing that a browser might read as another house's.
pub fn is_our_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        && path.len() <= 2_000
}

/// `+` is a space, `%41` a byte; a broken escape stands for itself, as browsers have it. What is not UTF-8 then, and a
/// zero, is no text: [`BROKEN`] stands for it.
pub(crate) fn decode(raw: &[u8]) -> String {
    let hex = |b: u8| char::from(b).to_digit(16).map(|digit| digit as u8);
    let mut bytes = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        let escaped = match raw[at..] {
            [b'%', high, low, ..] => hex(high).zip(hex(low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        match (escaped, raw[at]) {
            (Some(byte), _) => {
                bytes.push(byte);
                at += 3;
            }
            (None, b'+') => {
                bytes.push(b' ');
                at += 1;
            }
            (None, byte) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    text_of(&bytes)
}

/// Bytes as text, with [`BROKEN`] for what is none.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', "\u{FFFD}")
}

/// One field's mistake, as a message key with arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// The form field's name; empty for what concerns the whole form.
    pub field: String,
    pub key: &'static str,
    pub args: Vec<(&'static str, Arg<'static>)>,
}

impl FieldError {
    pub fn new<A: Into<Arg<'static>>>(
        field: &str,
        key: &'static str,
        args: impl IntoIterator<Item = (&'static str, A)>,
    ) -> FieldError {
        let args = args.into_iter().map(|(name, arg)| (name, arg.into())).collect();
        FieldError { field: field.to_owned(), key, args }
    }

    /// As `new`, without arguments.
    pub fn plain(field: &str, key: &'static str) -> FieldError {
        FieldError { field: field.to_owned(), key, args: Vec::new() }
    }

    /// What a rule of the data map found wrong.
    pub fn of(field: &str, invalid: Invalid) -> FieldError {
        let args = invalid.limit().map(|limit| ("limit", Arg::from(limit)));
        FieldError { field: field.to_owned(), key: invalid.key(), args: args.into_iter().collect() }
    }

    pub fn text(&self, lang: Lang) -> String {
        f(lang, self.key, &self.args)
    }
}

/// What a domain says in text, as a message takes it: a number chooses the plural, unless it is somebody's words.
pub(crate) fn argument(name: &str, text: String) -> Arg<'static> {
    match text.parse::<i64>() {
        Ok(number) if !name.ends_with("_en") && !name.ends_with("_zh") => Arg::from(number),
        _ => Arg::from(text),
    }
}

/// All mistakes of one form, so that a person mends them at once and not one after the other.
#[derive(Clone, Debug, Default)]
pub struct FormErrors(Vec<FieldError>);

impl FormErrors {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, error: FieldError) {
        self.0.push(error);
    }

    /// The value, or its mistake kept and `None`.
    pub fn keep<T>(&mut self, result: Result<T, FieldError>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// As `keep`, for what `Entered::parse` says of the field `name`.
    pub fn take<T>(&mut self, name: &str, result: Result<T, Invalid>) -> Option<T> {
        self.keep(result.map_err(|invalid| FieldError::of(name, invalid)))
    }

    /// What a command refused, as its `Refused` tells it by `field`, `key` and `args`; `None` where no one field is
    /// to blame. Numbers come as text there and become numbers again, so that they choose the plural; what ends in
    /// `_en` or `_zh` is somebody's words.
    pub fn refused(
        &mut self,
        field: Option<&str>,
        key: &'static str,
        args: impl IntoIterator<Item = (&'static str, String)>,
    ) {
        let args = args.into_iter().map(|(name, text)| (name, argument(name, text)));
        self.add(FieldError::new(field.unwrap_or(""), key, args));
    }

    /// The first mistake of a field.
    pub fn of(&self, field: &str) -> Option<&FieldError> {
        self.0.iter().find(|error| error.field == field)
    }

    pub fn all(&self) -> &[FieldError] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csrf::CsrfKey;
    use crate::frame::{Frame, Site, shell};
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;
    use policy::Entered;
    use policy::fields::{ConsigneeName, ConsigneePhone};
    use tower::ServiceExt;

    fn form(text: &str) -> FormData {
        FormData::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn text_is_decoded_strictly() {
        let form = form("a=%E9%99%88+%26&b=100%&&c&a[]=1&a[]=2&qty-x=3&qty-y=4");
        assert_eq!(form.text("a"), "陈 &");
        assert_eq!(form.text("b"), "100%");
        assert!(form.checked("c") && !form.checked("d"));
        assert_eq!(form.all("a[]").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(form.rows("qty-").collect::<Vec<_>>(), ["x", "y"]);
        for bad in ["a=1&a=2", "a=1&%61=1", "%FF=1"] {
            assert_eq!(FormData::parse(bad.as_bytes()).err(), Some(Failure::BadRequest), "{bad}");
        }
        let flood = "x[]=&".repeat(FIELDS_MAX + 1);
        assert_eq!(FormData::parse(flood.as_bytes()).err(), Some(Failure::TooLarge));
    }

    /// What is no text is refused at its field, and the rest of the form is kept.
    #[test]
    fn a_field_that_is_no_text_is_refused_alone() {
        for broken in ["%FF", "x%C3%28", "a%00b"] {
            let form = form(&format!("bad={broken}&good=1"));
            assert_eq!(form.text("good"), "1");
            let sealed = Entered::<ConsigneeName>::parse(&form.typed("bad")).err();
            assert_eq!(sealed, Some(Invalid::NotAllowedCharacters), "{broken}");
            assert_eq!(form.line("bad", 0, 10).map_err(|error| error.key), Err("invalid-characters"), "{broken}");
            assert!(form.number("bad", 0..=9).is_err() && form.choice("bad", &["a", ""]).is_err(), "{broken}");
        }
    }

    #[test]
    fn numbers_are_taken_as_people_write_them() {
        let number = |text: &str| form(&format!("q={text}")).number("q", 1..=9_999).map_err(|error| error.key);
        assert_eq!(number("+7+"), Ok(7));
        assert_eq!(number("1,200"), Ok(1_200));
        assert_eq!(number("１２"), Ok(12));
        assert_eq!(number("１，２００"), Ok(1_200));
        assert_eq!(number("1+200"), Ok(1_200));
        for (bad, key) in [
            ("", "invalid-missing"),
            ("0", "invalid-range"),
            ("10000", "invalid-range"),
            ("99999999999999999999999", "invalid-range"),
            ("-5", "invalid-range"),
            ("1.5", "invalid-number"),
            ("1e3", "invalid-number"),
            ("seven", "invalid-number"),
            ("1,5", "invalid-number"),
            ("1，5", "invalid-number"),
            ("1+5", "invalid-number"),
            ("12,34", "invalid-number"),
            ("1234,567", "invalid-number"),
            (",200", "invalid-number"),
            ("1,200,", "invalid-number"),
            ("1,,200", "invalid-number"),
        ] {
            assert_eq!(number(bad), Err(key), "{bad}");
        }
        assert_eq!(form("q=").number_or_none("q", 1..=2), Ok(None));
    }

    #[test]
    fn money_keeps_every_minor_unit() {
        let money = |text: &str| form(&format!("p={text}")).money("p", "CNY", 1..=1_000_000).map_err(|error| error.key);
        for (text, minor) in
            [("1920", 192_000), ("1,920.5", 192_050), ("1,920", 192_000), ("0.05", 5), ("１２．３０", 1_230)]
        {
            assert_eq!(money(text), Ok(minor), "{text}");
        }
        for bad in ["19,50", "1,5", "1.234,5", "1,234,5.0", "1.005", "1.", ".5", "-1", "1.2.3", "¥5"] {
            assert_eq!(money(bad), Err("invalid-money"), "{bad}");
        }
        assert_eq!(money("0"), Err("invalid-money-range"));
        assert_eq!(money("99999999999999999999"), Err("invalid-money-range"));
    }

    #[test]
    fn the_way_back_never_leaves_the_house() {
        for (sent, ours) in [
            ("/cart?x=1", true),
            ("/search?q=%E8%8B%B9", true),
            ("/search?q=苹", false),
            ("//elsewhere.example", false),
            ("https://elsewhere.example", false),
            ("/\\elsewhere.example", false),
            ("/a\r\nb", false),
            ("", false),
        ] {
            assert_eq!(is_our_path(sent), ours, "{sent}");
        }
    }

    #[test]
    fn every_mistake_is_collected_and_said_in_the_readers_language() {
        let form = form("phone=abc&qty=0&title=");
        let mut errors = FormErrors::default();
        assert!(errors.take("phone", Entered::<ConsigneePhone>::parse(&form.typed("phone"))).is_none());
        assert!(errors.keep(form.number("qty", 1..=5)).is_none());
        assert!(errors.keep(form.line("title", 1, 10)).is_none());
        assert!(errors.keep(form.choice("way", &["post", "fetch"])).is_none());
        assert_eq!(errors.all().len(), 4);
        for lang in Lang::ALL {
            for error in errors.all() {
                assert!(!error.text(lang).is_empty());
            }
        }
        assert_eq!(errors.of("qty").unwrap().text(Lang::EN), "Enter a number from 1 to 5.");
    }

    fn app() -> Router {
        let pages = Router::new().route(
            "/f",
            get(async |frame: Frame| frame.csrf.token()).post(async |form: FormData| form.text("a").to_owned()),
        );
        shell(Site::example(), CsrfKey::new(&[1; 32]), pages, Router::new()).unwrap()
    }

    async fn post(body: Vec<u8>, headers: &[(&str, &str)]) -> (StatusCode, String) {
        let mut request = Request::builder().method("POST").uri("/zh/f");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = app().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_form_is_taken_from_our_own_page_only() {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let cookie = format!("__Host-form={}", "A".repeat(32));
        let request = Request::builder().uri("/zh/f").header("cookie", &cookie).body(Body::empty()).unwrap();
        let token = axum::body::to_bytes(app().oneshot(request).await.unwrap().into_body(), 1000).await.unwrap();
        let token = String::from_utf8(token.to_vec()).unwrap();
        let body = format!("a=%3Cb%3E&{}={token}", csrf::FIELD).into_bytes();
        let jar = ("cookie", cookie.as_str());

        let (status, said) = post(body.clone(), &[kind, jar, ("sec-fetch-site", "same-origin")]).await;
        assert_eq!((status, said.as_str()), (StatusCode::OK, "<b>"));
        assert_eq!(post(body.clone(), &[kind, jar, ("sec-fetch-site", "cross-site")]).await.0, StatusCode::FORBIDDEN);
        assert_eq!(post(body.clone(), &[kind]).await.0, StatusCode::FORBIDDEN);
        assert_eq!(post(b"a=1".to_vec(), &[kind, jar]).await.0, StatusCode::FORBIDDEN);
        assert_eq!(post(body, &[jar]).await.0, StatusCode::BAD_REQUEST);
        let (status, page) = post(b"a=1&a=2".to_vec(), &[kind, jar]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(page.contains("lang=\"zh-CN\"") && page.contains("<h1>"));
        assert_eq!(post(vec![b'a'; BODY_BYTES_MAX + 1], &[kind, jar]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
