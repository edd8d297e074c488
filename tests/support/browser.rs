//! A client that keeps cookies and fills the forms that it finds on a page, as a browser without scripts would.

use super::form::{Form, forms};
use super::{Market, agent};
use regex_lite::Regex;
use std::collections::BTreeMap;

/// A browser without scripts.
pub struct Browser<'m> {
    market: &'m Market,
    cookies: BTreeMap<String, String>,
    /// What the last answer, and those that led to it, had set, whole.
    pub set_cookies: Vec<String>,
    pub url: String,
    pub status: u16,
    pub text: String,
}

impl Market {
    pub fn browser(&self) -> Browser<'_> {
        Browser {
            market: self,
            cookies: BTreeMap::new(),
            set_cookies: Vec::new(),
            url: String::new(),
            status: 0,
            text: String::new(),
        }
    }
}

impl<'m> Browser<'m> {
    /// A second window of the same browser: the same cookies, another page.
    pub fn of(market: &'m Market, other: &Browser<'_>) -> Browser<'m> {
        Browser { cookies: other.cookies.clone(), ..market.browser() }
    }
}

impl Browser<'_> {
    pub fn get(&mut self, url: &str) -> &mut Self {
        self.request("GET", url, None)
    }

    /// Sends the form of this page whose action ends with `action`, filled with `fields` over what stands in it.
    pub fn send(&mut self, action: &str, fields: &[(&str, &str)]) -> &mut Self {
        let to = |form: &Form| form.action.clone().unwrap_or_else(|| self.url.clone());
        let found = forms(&self.text).into_iter().find(|form| ends_with(&to(form), action));
        let Some(form) = found else { panic!("no form to {action} on {}", self.url) };
        let mut values: BTreeMap<String, String> = form.as_shown().into_iter().collect();
        for (name, value) in fields {
            values.insert((*name).to_owned(), (*value).to_owned());
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&values).finish();
        let to = to(&form);
        self.request("POST", &to, Some(("application/x-www-form-urlencoded".to_owned(), body.into_bytes())))
    }

    /// The cookies as a browser sends them to the marketplace.
    pub fn cookies(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        pairs.join("; ")
    }

    /// Sends the form of this page that uploads to `action`, with these files: field, name, content.
    pub fn uploads(&mut self, action: &str, files: &[(&str, &str, &[u8])]) -> &mut Self {
        let form = self.form_of(files);
        self.request("POST", action, Some(form))
    }

    /// The page's form with these files: its content type and its body.
    pub fn form_of(&self, files: &[(&str, &str, &[u8])]) -> (String, Vec<u8>) {
        let token = self.find(r#"(?s)enctype="multipart/form-data".*?name="_csrf" value="([^"]*)""#);
        let line = "----------------------------hanse";
        let mut body =
            format!("--{line}\r\ncontent-disposition: form-data; name=\"_csrf\"\r\n\r\n{token}\r\n").into_bytes();
        for (field, name, content) in files {
            let head = format!("--{line}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n");
            body.extend(head.bytes().chain("content-type: application/octet-stream\r\n\r\n".bytes()));
            body.extend_from_slice(content);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{line}--\r\n").bytes());
        (format!("multipart/form-data; boundary={line}"), body)
    }

    fn request(&mut self, method: &str, url: &str, body: Option<(String, Vec<u8>)>) -> &mut Self {
        let mut url = self.absolute(url);
        let (mut method, mut body) = (method.to_owned(), body);
        self.set_cookies.clear();
        for _ in 0..8 {
            let ours = url.starts_with(&self.market.base);
            let cookies = self.cookies();
            let answer = if method == "POST" {
                let (kind, sent) = body.take().unwrap_or_default();
                let mut request = agent().post(&url).header("content-type", kind).header("accept-language", "en");
                if ours {
                    request = request
                        .header("cookie", &cookies)
                        .header("origin", &self.market.base)
                        .header("sec-fetch-site", "same-origin");
                }
                request.send(&sent[..])
            } else {
                let mut request = agent().get(&url).header("accept-language", "en");
                if ours {
                    request = request.header("cookie", &cookies);
                }
                request.call()
            };
            let mut answer = answer.unwrap_or_else(|e| panic!("{method} {url}: {e}"));
            if ours {
                for cookie in answer.headers().get_all("set-cookie") {
                    let cookie = cookie.to_str().unwrap_or("");
                    self.set_cookies.push(cookie.to_owned());
                    let pair = cookie.split(';').next().unwrap_or("");
                    if let Some((name, value)) = pair.split_once('=') {
                        self.cookies.insert(name.to_owned(), value.to_owned());
                    }
                }
            }
            self.status = answer.status().as_u16();
            let next = answer.headers().get("location").and_then(|to| to.to_str().ok()).map(str::to_owned);
            self.text = answer.body_mut().read_to_string().unwrap_or_default();
            self.url = url.clone();
            match next {
                Some(to) if (301..=303).contains(&self.status) => {
                    url = self.absolute(&to);
                    method = "GET".to_owned();
                }
                _ => break,
            }
        }
        self
    }

    fn absolute(&self, url: &str) -> String {
        if url.starts_with("http") {
            return url.to_owned();
        }
        let host = if self.url.is_empty() || self.url.starts_with(&self.market.base) {
            self.market.base.clone()
        } else {
            self.market.sandbox.clone()
        };
        format!("{host}{url}")
    }

    /// The page is there and says all of this.
    pub fn shows(&mut self, words: &[&str]) -> &mut Self {
        assert_eq!(self.status, 200, "{}: {}", self.url, self.mistakes());
        for word in words {
            assert!(self.text.contains(word), "{} does not say {word:?}", self.url);
        }
        self
    }

    pub fn lacks(&mut self, words: &[&str]) -> &mut Self {
        for word in words {
            assert!(!self.text.contains(word), "{} says {word:?}", self.url);
        }
        self
    }

    /// The form came back with mistakes at these fields, and with what was typed.
    pub fn refused(&mut self, fields: &[&str]) -> &mut Self {
        assert_eq!(self.status, 422, "{}", self.url);
        for field in fields {
            assert!(
                self.text.contains(&format!("href=\"#f-{field}\"")),
                "{} names no mistake at {field}: {}",
                self.url,
                self.mistakes()
            );
        }
        self
    }

    /// The first text that the pattern's group finds on the page.
    pub fn find(&self, pattern: &str) -> String {
        let found = Regex::new(pattern).expect("a pattern");
        found
            .captures(&self.text)
            .map(|f| f[1].to_owned())
            .unwrap_or_else(|| panic!("{}: nothing like {pattern}", self.url))
    }

    pub fn all(&self, pattern: &str) -> Vec<String> {
        let found = Regex::new(pattern).expect("a pattern");
        found.captures_iter(&self.text).map(|f| f[1].to_owned()).collect()
    }

    fn mistakes(&self) -> String {
        let tags = Regex::new(r"<[^>]*>").expect("a pattern");
        let said = Regex::new(r#"(?s)class="(?:mistake|notice[^"]*)"[^>]*>(.*?)</(?:p|div)>"#).expect("a pattern");
        said.captures_iter(&self.text)
            .map(|m| tags.replace_all(&m[1], " ").into_owned())
            .collect::<Vec<_>>()
            .join(" | ")
    }

    /// A new member with this name; returns the telephone.
    pub fn registers(&mut self, name: &str, phone: &str) {
        self.get("/en/register").shows(&["phone"]);
        self.send("/register", &[("phone", phone)]).shows(&["code_id"]);
        let code = self.market.code_for(phone);
        let fields = [("code", code.as_str()), ("name", name), ("password", "a good long phrase"), ("agreement", "on")];
        self.send("/register/account", &fields).shows(&[name]);
    }

    pub fn signs_in(&mut self, who: &str, password: &str) {
        self.get("/en/sign-in").shows(&["password"]);
        self.send("/sign-in", &[("who", who), ("password", password)]);
        assert_eq!(self.status, 200, "{who} comes in: {}", self.mistakes());
    }

    /// Enters the password once more, and comes back to `next`.
    pub fn proves(&mut self, next: &str, password: &str) -> &mut Self {
        self.get(&format!("/en/my/security/prove?next={next}")).shows(&["name=\"current\""]);
        self.send("/prove", &[("current", password)]);
        assert!(self.url.ends_with(next), "{}: {}", self.url, self.mistakes());
        self
    }

    /// Puts `quantity` of the first good that a search finds into the cart.
    pub fn puts_in_cart(&mut self, words: &str, quantity: i64) {
        self.get(&format!("/en/search?q={words}")).shows(&["/en/product/"]);
        let product = self.find(r#"href="(/en/product/[0-9a-f-]{36})""#);
        self.get(&product).shows(&["qty-"]);
        let field = self.find(r#"name="(qty-[0-9a-f-]{36})""#);
        let n = quantity.to_string();
        self.send("/cart/add", &[(field.as_str(), n.as_str()), ("then", "cart")]).shows(&["/cart/set"]);
    }
}

/// Whether the address, without its query, ends so.
fn ends_with(address: &str, end: &str) -> bool {
    address.split('?').next().is_some_and(|path| path.ends_with(end))
}

/// Makes a token on the page and takes it from the one answer that shows it.
pub fn token(browser: &mut Browser, page: &str, reaches: &[&str]) -> String {
    let names: Vec<String> = reaches.iter().map(|reach| format!("reach-{reach}")).collect();
    let mut fields = vec![("name", "a program of the tests"), ("days", "30")];
    fields.extend(names.iter().map(|name| (name.as_str(), "on")));
    browser.get(&format!("/en{page}")).shows(&["A new token"]);
    browser.send(page, &fields).shows(&["Your new token"]);
    let token = browser.find("(hanse_[A-Za-z0-9_-]{43})");
    browser.get(&format!("/en{page}")).shows(&["a program of the tests"]).lacks(&[&token]);
    token
}

/// A browser with these cookies, sent from a page of this `sec-fetch-site`; `body` with its content type. Nothing is
/// followed.
pub fn asked(
    market: &Market,
    (cookies, site): (&str, &str),
    method: &str,
    to: &str,
    body: Option<(String, Vec<u8>)>,
) -> ureq::http::Response<ureq::Body> {
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{}{to}", market.base))
        .header("accept-language", "en")
        .header("cookie", cookies)
        .header("sec-fetch-site", site);
    let answer = match body {
        Some((kind, bytes)) => agent().run(request.header("content-type", kind).body(bytes).expect("a request")),
        None => agent().run(request.body(()).expect("a request")),
    };
    answer.unwrap_or_else(|error| panic!("{method} {to}: {error}"))
}
