//! From when until when a certificate is valid: the one thing that the TLS
//! library keeps to itself. Reads no more of the DER than the way there.

use jiff::{civil::DateTime, tz::TimeZone};

pub(super) const DAY_S: i64 = 24 * 60 * 60;

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xA0;

/// The last second in which a certificate is valid, since 1970; none where it
/// cannot be read.
pub(super) fn ends_at(certificate: &[u8]) -> Option<i64> {
    let (certificate, _) = take(SEQUENCE, certificate)?;
    let (mut signed, _) = take(SEQUENCE, certificate)?;
    if let Some((_, rest)) = take(VERSION, signed) {
        signed = rest;
    }
    // Serial number, algorithm, issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        signed = take(tag, signed)?.1;
    }
    let (validity, _) = take(SEQUENCE, signed)?;
    let (.., rest) = any(validity)?;
    let (tag, time, _) = any(rest)?;
    seconds(tag, std::str::from_utf8(time).ok()?)
}

fn seconds(tag: u8, time: &str) -> Option<i64> {
    let time = match tag {
        GENERALIZED_TIME => time.to_owned(),
        // Two digits stand for 1950 to 2049.
        UTC_TIME if time.get(..2)? < "50" => format!("20{time}"),
        UTC_TIME => format!("19{time}"),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", time).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// The content of the next element, which must be of this kind, and what follows it.
fn take(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = any(bytes)?;
    (found == tag).then_some((content, rest))
}

/// The next element's kind and content, and what follows it.
fn any(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, bytes) = bytes.split_first()?;
    let (&first, bytes) = bytes.split_first()?;
    let (length, bytes) = if first < 0x80 {
        (usize::from(first), bytes)
    } else {
        let (digits, rest) = bytes.split_at_checked(usize::from(first & 0x7F))?;
        if digits.len() > 4 {
            return None;
        }
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = bytes.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn until(year: i32, month: u8, day: u8) -> Vec<u8> {
        let mut params = CertificateParams::new(["orders.local".to_owned()]).expect("names");
        params.not_after = date_time_ymd(year, month, day);
        let key = KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("a certificate").der().to_vec()
    }

    #[test]
    fn the_end_is_read_in_both_notations() {
        assert_eq!(ends_at(&until(2030, 2, 3)), Some(1_896_307_200));
        assert_eq!(ends_at(&until(2150, 1, 1)), Some(5_680_281_600));
        assert_eq!(ends_at(&until(1999, 12, 31)), Some(946_598_400));
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let whole = until(2030, 2, 3);
        for length in 0..whole.len().min(200) {
            assert_eq!(ends_at(&whole[..length]), None, "{length}");
        }
        for noise in
            [&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF][..], &[0x30, 0xFF], &[0xA5; 300], &[0x30, 0x80]]
        {
            assert_eq!(ends_at(noise), None);
        }
    }
}
