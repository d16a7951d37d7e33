//! Signatures of webhooks: one is good exactly when another library's HMAC says so.
//!
//! An input is a JSON object of `secret`, `id`, `timestamp`, `signature`, `body` and
//! `flip`. In the signature, `GOOD` stands for the right one, whose bit `flip` is
//! turned if there is one.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use live_orders::{
    domain::UnixMillis,
    server::webhooks::signature::{Forged, Keys, Secret, Signed},
};
use ring::hmac;
use serde_json::Value;

use super::{Fault, Target};
use crate::{mutate::Mutator, server::NOW};

struct Signatures {
    fault: Option<Fault>,
}

pub(super) fn make(fault: Option<Fault>) -> Box<dyn Target> {
    Box::new(Signatures { fault })
}

impl Target for Signatures {
    fn mutator(&self) -> Mutator {
        let words = &[
            "GOOD",
            "v1,",
            "v1,GOOD",
            "v1a,",
            " ",
            ",",
            "=",
            "whsec_",
            "1790000000",
            "1789999700",
            "1789999699",
            "1790000300",
            "1790000301",
            "msg_1",
            ".",
            "+1790000000",
            "01790000000",
        ];
        Mutator { words, json: true }
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let Ok(input) = serde_json::from_slice::<Value>(input) else {
            return Ok("nothing".to_owned());
        };
        let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
        let (id, timestamp, body) = (text("id"), text("timestamp"), text("body"));
        let raw = text("secret");
        let bytes = raw.strip_prefix("whsec_").and_then(|it| STANDARD.decode(it).ok());
        let bytes = bytes.filter(|bytes| (24..=64).contains(&bytes.len()));
        let secret = Secret::parse(&raw);
        if secret.is_ok() != bytes.is_some() {
            return Err(format!("{raw:?} is a secret: {}", secret.is_ok()));
        }
        let (Ok(secret), Some(bytes)) = (secret, bytes) else { return Ok("no secret".to_owned()) };
        if secret.reveal() != raw {
            return Err(format!("{raw:?} is written as {}", secret.reveal()));
        }
        // The time as a number, as the standard's own libraries sign it.
        let digits = timestamp.bytes().all(|it| it.is_ascii_digit()) && timestamp.len() <= 15;
        let sent = timestamp.parse::<i64>().ok().filter(|_| digits);
        let message = format!("{id}.{}.{body}", sent.unwrap_or_default());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let tag = hmac::sign(&key, message.as_bytes());
        let good = format!("v1,{}", STANDARD.encode(tag));
        if secret.sign(&id, sent.unwrap_or_default(), body.as_bytes()) != good {
            return Err("it signs otherwise".to_owned());
        }
        let mut turned = tag.as_ref().to_vec();
        if let Some(bit) = input["flip"].as_u64().and_then(|bit| usize::try_from(bit % 256).ok()) {
            turned[bit / 8] ^= 1 << (bit % 8);
        }
        let header = text("signature").replace("GOOD", &STANDARD.encode(&turned));
        let known = header.split(' ').count() <= 10 && header.split(' ').any(|it| it == good);
        let named = (1..=200).contains(&id.len())
            && id.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b'.');
        let now = UnixMillis(NOW);
        let near = |sent: i64| (NOW - sent * 1000).abs() <= 300_000;
        let expected = match sent {
            Some(sent) if named && !near(sent) => Err(Forged::Time),
            Some(_) if named && known => Ok(()),
            _ => Err(Forged::Signature),
        };
        let signed =
            Signed { id: &id, timestamp: &timestamp, signature: &header, body: body.as_bytes() };
        let mut found = Keys::new(secret).check(&signed, now);
        if self.fault == Some(Fault::Letters)
            && header.starts_with(good.get(..8).unwrap_or_default())
        {
            found = Ok(());
        }
        if found != expected {
            return Err(format!(
                "found {found:?} and not {expected:?}: {header:?} for {message:?}"
            ));
        }
        Ok(format!("{found:?} {named} {known} {}", header.split(' ').count().min(11)))
    }
}
