//! The invite link: where the server is, and the secret that never reaches a log because it stands in the fragment.

use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;

/// A link that is not an invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an invite link: http(s)://HOST/enrol#SECRET is expected")]
pub struct InvalidInvite;

/// What an invite link `https://HOST/enrol#SECRET` says.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// The server's base address, without a slash at the end.
    pub server: String,
    /// The 32 secret bytes.
    pub secret: Vec<u8>,
}

impl FromStr for Invite {
    type Err = InvalidInvite;

    fn from_str(link: &str) -> Result<Self, InvalidInvite> {
        let (address, fragment) = link.trim().split_once('#').ok_or(InvalidInvite)?;
        let server = address.trim_end_matches('/').strip_suffix("/enrol").ok_or(InvalidInvite)?;
        let host = server.strip_prefix("https://").or_else(|| server.strip_prefix("http://"));
        if host.is_none_or(str::is_empty) {
            return Err(InvalidInvite);
        }
        let secret = BASE64URL_NOPAD.decode(fragment.as_bytes()).map_err(|_| InvalidInvite)?;
        if secret.len() != 32 {
            return Err(InvalidInvite);
        }
        Ok(Self { server: server.to_owned(), secret })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_server_and_secret() {
        let link = format!("http://127.0.0.1:8080/enrol#{}", BASE64URL_NOPAD.encode(&[9; 32]));
        let invite: Invite = link.parse().unwrap();
        assert_eq!(invite.server, "http://127.0.0.1:8080");
        assert_eq!(invite.secret, vec![9; 32]);
    }

    #[test]
    fn anything_else_is_refused() {
        let secret = BASE64URL_NOPAD.encode(&[9; 32]);
        let short = BASE64URL_NOPAD.encode(&[9; 31]);
        for link in [
            "http://host/enrol".to_owned(),
            format!("http://host/enrol#{short}"),
            format!("ftp://host/enrol#{secret}"),
            format!("http:///enrol#{secret}"),
            format!("http://host/#{secret}"),
            "http://host/enrol#!!!".to_owned(),
        ] {
            assert!(link.parse::<Invite>().is_err(), "{link}");
        }
    }
}
