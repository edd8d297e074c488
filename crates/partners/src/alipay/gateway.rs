//! The open platform's gateway: signed requests out, signed answers in.

use crate::form::{self, Parameters};
use crate::http::Http;
use crate::rsa2::{PrivateKey, PublicKey};
use crate::{Gate, Limits, PartnerError, beijing};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::collections::HashMap;

pub struct Gateway {
    url: String,
    app_id: String,
    ours: PrivateKey,
    theirs: PublicKey,
    http: Http,
}

/// What every answer begins with.
#[derive(Deserialize)]
struct Outcome {
    #[serde(default)]
    code: String,
    #[serde(default)]
    sub_code: String,
    #[serde(default)]
    sub_msg: String,
}

/// The gateway's word for 'done'.
const DONE: &str = "10000";

/// Words that say the platform itself does not know what became of the call.
const OUTCOME_OPEN: [&str; 5] =
    ["ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "SYSTEM_ERROR", "isp.unknow-error", "aop.unknow-error"];

impl Gateway {
    pub fn new(url: String, app_id: String, ours: PrivateKey, theirs: PublicKey, limits: Limits) -> Gateway {
        Gateway { url, app_id, ours, theirs, http: Http::new("alipay", limits) }
    }

    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    pub fn theirs(&self) -> &PublicKey {
        &self.theirs
    }

    /// Whether the gateway is spoken to in the clear, as only a sandbox is.
    fn in_the_clear(&self) -> bool {
        self.url.starts_with("http://")
    }

    /// The parameters of one request, signed.
    fn signed(
        &self,
        method: &str,
        content: &impl Serialize,
        urls: &[(&str, &str)],
        now: i64,
    ) -> Result<Parameters, PartnerError> {
        let content = serde_json::to_string(content).map_err(|_| PartnerError::Unfit("the request"))?;
        let timestamp = beijing::write(now);
        let fixed = [
            ("app_id", self.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", &timestamp),
            ("version", "1.0"),
            ("biz_content", &content),
        ];
        let mut parameters: Parameters = fixed
            .into_iter()
            .chain(urls.iter().copied().filter(|(_, url)| !url.is_empty()))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let signature = self.ours.sign(&form::signed_text(&parameters, &["sign"]));
        parameters.insert("sign".to_owned(), signature);
        Ok(parameters)
    }

    /// The address to which a browser is sent; nothing is called.
    pub fn page_url(
        &self,
        method: &str,
        content: &impl Serialize,
        urls: &[(&str, &str)],
        now: i64,
    ) -> Result<String, PartnerError> {
        Ok(format!("{}?{}", self.url, form::write(&self.signed(method, content, urls, now)?)))
    }

    pub fn call<T: DeserializeOwned>(
        &self,
        gate: &Gate,
        method: &str,
        content: &impl Serialize,
    ) -> Result<T, PartnerError> {
        let now = gate.pass()?;
        let body = form::write(&self.signed(method, content, &[], now)?);
        // The platform wants the charset where it can read it before the body.
        let url = format!("{}?charset=utf-8", self.url);
        let kind = "application/x-www-form-urlencoded;charset=utf-8";
        let answer = self.http.post(&url, kind, &[], body.as_bytes())?;
        if answer.status != 200 {
            return Err(PartnerError::BadAnswer);
        }
        read_answer(answer.text()?, method, &self.theirs)
    }

    /// A file that a signed answer pointed to.
    pub fn download(&self, url: &str, bytes_max: u64) -> Result<Vec<u8>, PartnerError> {
        let guarded = url.starts_with("https://") || (self.in_the_clear() && url.starts_with("http://"));
        if !guarded {
            return Err(PartnerError::BadAnswer);
        }
        let answer = self.http.get(url, bytes_max)?;
        if answer.status == 200 { Ok(answer.body) } else { Err(PartnerError::BadAnswer) }
    }
}

/// The name under which the answer to `method` stands: dots become underscores.
pub fn answer_name(method: &str) -> String {
    format!("{}_response", method.replace('.', "_"))
}

/// The answer in `text`, if the platform signed exactly the JSON that stands there for it.
fn read_answer<T: DeserializeOwned>(text: &str, method: &str, theirs: &PublicKey) -> Result<T, PartnerError> {
    // Raw values are the substrings as they stand, which is what was signed.
    let parts: HashMap<&str, &RawValue> = serde_json::from_str(text).map_err(|_| PartnerError::BadAnswer)?;
    let name = answer_name(method);
    let signed = parts.get(name.as_str()).or_else(|| parts.get("error_response")).ok_or(PartnerError::BadAnswer)?.get();
    let outcome: Outcome = serde_json::from_str(signed).map_err(|_| PartnerError::BadAnswer)?;
    match parts.get("sign").and_then(|sign| serde_json::from_str::<String>(sign.get()).ok()) {
        Some(sign) if theirs.verifies(signed, &sign) => {}
        // The gateway refuses what it cannot attribute (wrong app, wrong key) without a signature. Believing that is
        // harmless: it says that nothing was done, and the call may be repeated under its number.
        None if outcome.sub_code.starts_with("isv.") && outcome.code != DONE => {}
        _ => return Err(PartnerError::BadSignature),
    }
    if outcome.code == DONE {
        return serde_json::from_str(signed).map_err(|_| PartnerError::BadAnswer);
    }
    if outcome.code == "20000" || OUTCOME_OPEN.contains(&outcome.sub_code.as_str()) {
        return Err(PartnerError::Unreachable);
    }
    let code = if outcome.sub_code.is_empty() { &outcome.code } else { &outcome.sub_code };
    Err(PartnerError::refused(code, &outcome.sub_msg))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const METHOD: &str = "alipay.trade.query";

    fn read(text: &str, key: &PrivateKey) -> Result<Value, PartnerError> {
        read_answer(text, METHOD, &key.public())
    }

    #[test]
    fn the_signature_covers_the_json_exactly_as_it_stands() {
        let key = PrivateKey::generate();
        // White space, escaped slashes and braces inside strings belong to what is signed.
        let signed = r#"{ "code":"10000","msg":"Success", "url":"https:\/\/x\/}\"{" }"#;
        let sign = key.sign(signed);
        let text = format!(r#"{{"alipay_trade_query_response": {signed} , "sign":"{sign}"}}"#);
        assert_eq!(read(&text, &key).unwrap()["url"], "https://x/}\"{");
        let bent = text.replace("\"Success\",", "\"Success\" ,");
        assert_eq!(read(&bent, &key), Err(PartnerError::BadSignature));
        assert_eq!(read(&text, &PrivateKey::generate()), Err(PartnerError::BadSignature));
    }

    #[test]
    fn an_unsigned_answer_is_believed_only_where_it_says_that_nothing_was_done() {
        let key = PrivateKey::generate();
        let unsigned = |body: &str| format!(r#"{{"error_response":{body}}}"#);
        let bad_key = r#"{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-signature"}"#;
        assert!(read(&unsigned(bad_key), &key).unwrap_err().is("isv.invalid-signature"));
        for forged in [
            r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#,
            r#"{"code":"10000","sub_code":"isv.x","trade_status":"TRADE_SUCCESS"}"#,
        ] {
            assert_eq!(read(&unsigned(forged), &key), Err(PartnerError::BadSignature));
        }
    }

    #[test]
    fn what_leaves_the_outcome_open_is_no_refusal() {
        let key = PrivateKey::generate();
        for open in [r#"{"code":"20000","sub_code":"isp.x"}"#, r#"{"code":"40004","sub_code":"ACQ.SYSTEM_ERROR"}"#] {
            let text = format!(r#"{{"alipay_trade_query_response":{open},"sign":"{}"}}"#, key.sign(open));
            assert_eq!(read(&text, &key), Err(PartnerError::Unreachable));
        }
        for nonsense in ["", "[]", "{}", "<html>", r#"{"alipay_trade_query_response":"x","sign":""}"#] {
            assert_eq!(read(nonsense, &key), Err(PartnerError::BadAnswer));
        }
    }
}
