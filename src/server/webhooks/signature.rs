//! Signatures of webhooks, both ways, as Standard Webhooks 1.0 has them:
//! HMAC-SHA256 over `id.timestamp.body`, with a secret that both sides know.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::domain::{UnixMillis, limits};

/// The header that names a message; the same however often it is sent.
pub const ID: &str = "webhook-id";
/// The header that says when it was sent, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with its signatures, parted by spaces.
pub const SIGNATURE: &str = "webhook-signature";

/// What a secret begins with when it is written down.
const PREFIX: &str = "whsec_";
/// What a signature of this kind begins with.
const KIND: &str = "v1,";
/// Bytes of a secret that is made here.
const MADE: usize = 32;
/// How far a message's time may be from now, in milliseconds.
pub(super) const TOLERANCE_MILLIS: i64 = 5 * 60 * 1000;
/// Signatures of one message that are looked at: one of each secret that is
/// good, and some of kinds that are not known here.
const SIGNATURES: usize = 10;
/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 32;

/// What a secret must be, for messages to users.
pub const SECRET_RULE: &str = "whsec_ and 24 to 64 bytes in base64";

/// What both sides know. It must be kept readable: whoever checks an HMAC makes
/// it again.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A new one, at random.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random::<[u8; MADE]>().to_vec())
    }

    /// The secret that is written so.
    ///
    /// # Errors
    /// [`SECRET_RULE`]
    pub fn parse(raw: &str) -> Result<Self, &'static str> {
        let bytes = raw.strip_prefix(PREFIX).and_then(|rest| BASE64.decode(rest).ok());
        bytes.filter(|bytes| (24..=64).contains(&bytes.len())).map(Self).ok_or(SECRET_RULE)
    }

    /// The secret as it is written down.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", BASE64.encode(&self.0))
    }

    /// The signature of a message, as it stands in the header.
    #[must_use]
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mac = self.mac(id, seconds, body).map(|mac| mac.finalize().into_bytes());
        format!("{KIND}{}", BASE64.encode(mac.unwrap_or_default()))
    }

    /// Whether one of `given` is this secret's signature of the message. Takes as
    /// long for one that is nearly right as for any other, and goes over the
    /// message once, however many there are.
    fn agrees(&self, given: &[Vec<u8>], id: &str, seconds: i64, body: &[u8]) -> bool {
        let mac = self.mac(id, seconds, body);
        mac.is_some_and(|mac| given.iter().any(|it| mac.clone().verify_slice(it).is_ok()))
    }

    fn mac(&self, id: &str, seconds: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
        // A key of any length is taken, so there is always one.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(seconds.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        Some(mac)
    }
}

/// Never tells the secret: what is debugged ends in a log.
impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("whsec_…")
    }
}

/// Secrets that are good beside the present one at one time.
const FORMER: usize = 4;

/// The secrets that are good now: while they are changed over, several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The one that stays.
    pub current: Secret,
    /// Those before, the last first, and until when each is good.
    pub former: Vec<(Secret, UnixMillis)>,
}

impl Keys {
    /// One secret alone.
    #[must_use]
    pub fn new(current: Secret) -> Self {
        Self { current, former: Vec::new() }
    }

    /// `next` from `now` on. The present one stays good for `overlap_millis`, and
    /// those before as long as was said of them; with no overlap, none does. None
    /// when that were too many.
    #[must_use]
    pub fn rotated(self, next: Secret, now: UnixMillis, overlap_millis: i64) -> Option<Self> {
        if overlap_millis <= 0 {
            return Some(Self::new(next));
        }
        let before = self.former.into_iter().filter(|(_, until)| *until > now);
        let former: Vec<_> =
            std::iter::once((self.current, now.plus(overlap_millis))).chain(before).collect();
        (former.len() <= FORMER).then_some(Self { current: next, former })
    }

    /// Until when another than the present one is good.
    #[must_use]
    pub fn former_until(&self) -> Option<UnixMillis> {
        self.former.iter().map(|(_, until)| *until).max()
    }

    fn good(&self, now: UnixMillis) -> impl Iterator<Item = &Secret> {
        let former = self.former.iter().filter(move |(_, until)| *until > now);
        std::iter::once(&self.current).chain(former.map(|(secret, _)| secret))
    }

    /// The header with the signatures of a message that is sent `now`.
    #[must_use]
    pub fn sign(&self, id: &str, now: UnixMillis, body: &[u8]) -> String {
        let signatures: Vec<String> =
            self.good(now).map(|secret| secret.sign(id, seconds(now), body)).collect();
        signatures.join(" ")
    }

    /// Whether `signed` is a message of somebody who knows the secret, sent about `now`.
    ///
    /// # Errors
    /// Why it is not.
    pub fn check(&self, signed: &Signed<'_>, now: UnixMillis) -> Result<(), Forged> {
        let Signed { id, timestamp, signature, body } = *signed;
        // A full stop in the id would make two messages of one signature.
        let visible = |byte: u8| byte.is_ascii_graphic() && byte != b'.';
        if id.is_empty() || id.len() > limits::KEY || !id.bytes().all(visible) {
            return Err(Forged::Signature);
        }
        let digits = timestamp.len() <= 15 && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let sent: i64 = timestamp.parse().ok().filter(|_| digits).ok_or(Forged::Signature)?;
        // What costs nothing comes first: anybody may send anything.
        if now.since(UnixMillis(sent.saturating_mul(1000))).abs() > TOLERANCE_MILLIS {
            return Err(Forged::Time);
        }
        let given = decoded(signature).ok_or(Forged::Signature)?;
        let known = self.good(now).any(|secret| secret.agrees(&given, id, sent, body));
        if known { Ok(()) } else { Err(Forged::Signature) }
    }
}

/// The signatures of a header that may be one of ours; none when there is no
/// such, or when there are more than anybody has reason to send.
fn decoded(header: &str) -> Option<Vec<Vec<u8>>> {
    if header.split(' ').nth(SIGNATURES).is_some() {
        return None;
    }
    let one = |raw: &str| BASE64.decode(raw.strip_prefix(KIND)?).ok();
    let given: Vec<Vec<u8>> = header
        .split(' ')
        .filter_map(one)
        .filter(|signature| signature.len() == SIGNATURE_BYTES)
        .collect();
    Some(given).filter(|given| !given.is_empty())
}

/// The time of a message as its header has it.
#[must_use]
pub fn seconds(at: UnixMillis) -> i64 {
    at.0.div_euclid(1000)
}

/// A message with what its headers say.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// Its id.
    pub id: &'a str,
    /// When it was sent.
    pub timestamp: &'a str,
    /// Its signatures.
    pub signature: &'a str,
    /// All of its body.
    pub body: &'a [u8],
}

/// Why a message is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forged {
    /// No signature of it is one of the secrets'.
    Signature,
    /// It was sent too long ago or too far ahead; its signature was not looked at.
    Time,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const MESSAGE: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SENT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    /// The value that the standard's own libraries are tested with.
    const EXPECTED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn keys() -> Keys {
        Keys::new(Secret::parse(SECRET).expect("a secret"))
    }

    fn signed<'a>(timestamp: &'a str, signature: &'a str) -> Signed<'a> {
        Signed { id: MESSAGE, timestamp, signature, body: BODY }
    }

    #[test]
    fn signs_as_the_standard_does() {
        assert_eq!(keys().sign(MESSAGE, UnixMillis(SENT * 1000 + 999), BODY), EXPECTED);
        assert_eq!(keys().current.reveal(), SECRET);
    }

    #[test]
    fn one_good_signature_of_many_is_enough() {
        let now = UnixMillis(SENT * 1000);
        let sent = SENT.to_string();
        for header in [
            EXPECTED.to_owned(),
            format!("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {EXPECTED}"),
            format!("v2,AAAA v1a,BBBB {EXPECTED} v1,AAAA"),
        ] {
            assert_eq!(keys().check(&signed(&sent, &header), now), Ok(()), "{header}");
        }
        for header in ["", "v1", "v1,", "v1,AAAA", &EXPECTED[3..], &EXPECTED.replace("v1", "v2")] {
            assert_eq!(
                keys().check(&signed(&sent, header), now),
                Err(Forged::Signature),
                "{header}"
            );
        }
    }

    #[test]
    fn another_message_has_another_signature() {
        let now = UnixMillis(SENT * 1000);
        let sent = SENT.to_string();
        let good = signed(&sent, EXPECTED);
        let later = (SENT + 1).to_string();
        for other in [
            Signed { id: "msg_other", ..good },
            Signed { id: "", ..good },
            Signed { id: "msg.1", ..good },
            Signed { body: b"{}", ..good },
            Signed { timestamp: &later, ..good },
            Signed { timestamp: "soon", ..good },
            Signed { timestamp: "+1614265330", ..good },
            Signed { timestamp: "", ..good },
        ] {
            assert_eq!(keys().check(&other, now), Err(Forged::Signature), "{other:?}");
        }
        let stranger = Keys::new(Secret::random());
        assert_eq!(stranger.check(&good, now), Err(Forged::Signature));
    }

    #[test]
    fn a_message_is_good_for_five_minutes_either_way() {
        let sent = SENT.to_string();
        for (off, expected) in [
            (0, Ok(())),
            (300, Ok(())),
            (-300, Ok(())),
            (301, Err(Forged::Time)),
            (-301, Err(Forged::Time)),
        ] {
            let now = UnixMillis((SENT + off) * 1000);
            assert_eq!(keys().check(&signed(&sent, EXPECTED), now), expected, "{off} s");
        }
    }

    #[test]
    fn the_time_is_looked_at_before_anything_that_costs() {
        let sent = SENT.to_string();
        let now = UnixMillis((SENT + 301) * 1000);
        let forged = signed(&sent, "v1,AAAA");
        assert_eq!(keys().check(&forged, now), Err(Forged::Time));
    }

    #[test]
    fn nobody_has_many_signatures_looked_at() {
        let now = UnixMillis(SENT * 1000);
        let sent = SENT.to_string();
        let foreign = Secret::random().sign(MESSAGE, SENT, BODY);
        let among = |others: usize| format!("{}{EXPECTED}", format!("{foreign} ").repeat(others));
        assert_eq!(keys().check(&signed(&sent, &among(SIGNATURES - 1)), now), Ok(()));
        for others in [SIGNATURES, 60_000] {
            let header = among(others);
            assert_eq!(decoded(&header), None, "none is even decoded");
            assert_eq!(keys().check(&signed(&sent, &header), now), Err(Forged::Signature));
        }
    }

    #[test]
    fn while_secrets_are_changed_over_both_sign_and_both_are_known() {
        let now = UnixMillis(SENT * 1000);
        let (before, next) = (Secret::random(), Secret::random());
        let keys = Keys::new(before.clone()).rotated(next.clone(), now, 1).expect("few");
        let header = keys.sign(MESSAGE, now, BODY);
        assert_eq!(header.split(' ').count(), 2);
        let sent = SENT.to_string();
        for secret in [&before, &next] {
            let one = Keys::new(secret.clone());
            assert_eq!(one.check(&signed(&sent, &header), now), Ok(()));
            let header = secret.sign(MESSAGE, SENT, BODY);
            assert_eq!(keys.check(&signed(&sent, &header), now), Ok(()));
        }
        let after = now.plus(1);
        assert_eq!(keys.sign(MESSAGE, after, BODY), next.sign(MESSAGE, SENT, BODY));
        let old = before.sign(MESSAGE, SENT, BODY);
        assert_eq!(keys.check(&signed(&sent, &old), after), Err(Forged::Signature));
    }

    #[test]
    fn each_secret_stays_good_as_long_as_was_said_of_it() {
        let now = UnixMillis(SENT * 1000);
        let secrets: Vec<Secret> = (0..6).map(|_| Secret::random()).collect();
        let mut keys = Keys::new(secrets[0].clone());
        for (next, overlap) in secrets[1..5].iter().zip([4_000, 3_000, 2_000, 1_000]) {
            keys = keys.rotated(next.clone(), now, overlap).expect("few");
        }
        let good = |keys: &Keys, at: UnixMillis| -> Vec<bool> {
            secrets.iter().map(|secret| keys.good(at).any(|good| good == secret)).collect()
        };
        assert_eq!(good(&keys, now), [true, true, true, true, true, false]);
        assert_eq!(good(&keys, now.plus(2_500)), [true, true, false, false, true, false]);
        assert_eq!(keys.former_until(), Some(now.plus(4_000)));
        let next = secrets[5].clone();
        assert_eq!(keys.clone().rotated(next.clone(), now, 1), None, "no promise is broken");
        let later = keys.clone().rotated(next.clone(), now.plus(1_000), 1).expect("one is over");
        assert_eq!(good(&later, now.plus(1_000)), [true, true, true, false, true, true]);
        assert_eq!(keys.rotated(next.clone(), now, 0), Some(Keys::new(next)));
    }

    #[test]
    fn a_secret_has_a_prefix_and_enough_bytes() {
        for raw in [
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_",
            "whsec_c2hvcnQ=",
            "whsec_!!!",
            "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            assert_eq!(Secret::parse(raw), Err(SECRET_RULE), "{raw}");
        }
        let made = Secret::random();
        assert_eq!(Secret::parse(&made.reveal()), Ok(made.clone()));
        assert!(!format!("{made:?}").contains(&made.reveal()[6..]), "it is told to nobody");
    }

    proptest! {
        #[test]
        fn what_is_signed_is_believed(body in any::<Vec<u8>>(), at in 0i64..4_000_000_000_000) {
            let keys = Keys::new(Secret::random());
            let now = UnixMillis(at);
            let header = keys.sign("msg_1", now, &body);
            let timestamp = seconds(now).to_string();
            let signed =
                Signed { id: "msg_1", timestamp: &timestamp, signature: &header, body: &body };
            prop_assert_eq!(keys.check(&signed, now), Ok(()));
        }
    }
}
