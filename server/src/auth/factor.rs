//! The second factor: a code of six digits that changes every half minute (TOTP, RFC 6238), from an app on the phone.

use totp_rs::{Builder, Totp, TotpError};
use zhibu_domain::time::Millis;

use crate::error::ApiError;
use crate::store::FACTOR_BYTES;

/// What the app shows above the code, before the district's name.
const ISSUER: &str = "支部簿";

/// A key as its owner brings it into the app.
pub struct ShownFactor {
    /// To be shown as a QR code.
    pub otpauth: String,
    /// To be typed where nothing can be scanned: Base32.
    pub secret: String,
}

/// How a key is shown to its owner.
pub fn show(secret: &[u8; FACTOR_BYTES], district: &str, login: &str) -> Result<ShownFactor, ApiError> {
    // The format of the address knows no colon inside a name.
    let named = |builder: Builder| {
        let issuer = format!("{ISSUER} {}", district.replace(':', " "));
        builder.with_issuer(Some(issuer)).with_account_name(login.replace(':', " "))
    };
    let totp = totp(secret, named).map_err(ApiError::internal)?;
    let otpauth = totp.to_url().map_err(ApiError::internal)?;
    Ok(ShownFactor { otpauth, secret: totp.secret().to_base32() })
}

/// The step to which a code belongs: the present one or a neighbour, for a clock that is half a minute off.
pub fn step_of(secret: &[u8; FACTOR_BYTES], code: &str, now: Millis) -> Option<u64> {
    let seconds = u64::try_from(now.seconds()).ok()?;
    totp(secret, |builder| builder).ok()?.check(code.trim(), seconds)
}

fn totp(secret: &[u8; FACTOR_BYTES], named: impl Fn(Builder) -> Builder) -> Result<Totp, TotpError> {
    // SHA-1, six digits, thirty seconds: what every app knows.
    named(Builder::new().with_secret(*secret)).build()
}

/// The code of this moment, for tests that play the app.
#[cfg(test)]
pub(crate) fn code_at(secret: &[u8; FACTOR_BYTES], now: Millis) -> String {
    let totp = totp(secret, |builder| builder).unwrap();
    totp.generate(now.seconds() as u64).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of the examples in RFC 6238.
    const RFC: &[u8; FACTOR_BYTES] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_rfc() {
        // Its examples have eight digits; six of them are the last six.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(step_of(RFC, code, Millis(seconds * 1000)), Some(seconds as u64 / 30), "{code}");
            assert_eq!(step_of(RFC, code, Millis((seconds + 30) * 1000)), Some(seconds as u64 / 30));
            assert_eq!(step_of(RFC, code, Millis((seconds + 60) * 1000)), None, "an old code");
        }
        for wrong in ["", "28708", "2870822", "28708x", "000000", "２８７０８２"] {
            assert_eq!(step_of(RFC, wrong, Millis(59_000)), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_reads_the_address() {
        let shown = show(RFC, "青岭旗", "admin").unwrap();
        assert_eq!(shown.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let start = "otpauth://totp/%E6%94%AF%E9%83%A8%E7%B0%BF%20%E9%9D%92%E5%B2%AD%E6%97%97:admin?";
        assert!(shown.otpauth.starts_with(start), "{}", shown.otpauth);
        assert!(shown.otpauth.contains(&format!("secret={}", shown.secret)));
        assert!(show(RFC, "a:b", "c:d").is_ok());
    }
}
