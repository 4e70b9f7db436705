//! Takes a second factor away at the command line: the way back in for an administrator who lost his phone and has
//! no colleague. Whoever can do this has the database in his hands anyway.

use zhibu_domain::time::Millis;

use crate::store::{AuditAct, AuditEntry, Store};

/// Takes the second factor of this login away, in whichever districts have the login; its sessions end.
///
/// # Errors
/// When nobody with this login has a second factor.
pub async fn reset(store: &dyn Store, login: &str, now: Millis) -> anyhow::Result<()> {
    let mut is_done = false;
    for district in store.list_districts().await? {
        let Some(found) = store.find_login(district.id, login).await? else { continue };
        if !store.clear_factor(district.id, found.account.id).await? {
            continue;
        }
        is_done = true;
        let entry = AuditEntry {
            at: now,
            account: None,
            device: None,
            act: AuditAct::FactorReset,
            subject: found.account.id.to_string(),
            detail: serde_json::json!({ "at": "command line" }),
        };
        store.append_audit(district.id, &entry).await?;
    }
    anyhow::ensure!(is_done, "登录名 {login} 没有设置两步验证，没有改动。请检查登录名。");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::databases::own_database;
    use crate::store::conformance::{DISTRICT, NOW, SECRETARY, populate};
    use crate::store::{FACTOR_BYTES, Session, SessionStage};
    use zhibu_domain::ids::DeviceId;

    #[tokio::test]
    async fn it_takes_the_factor_of_the_named_login_and_says_if_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = own_database(folder.path()).await.open().await.unwrap();
        populate(&*store).await;
        assert!(reset(&*store, "shuji", NOW).await.is_err());
        let session = Session {
            hash: [1; 32],
            account: SECRETARY,
            device: DeviceId::from_bytes([5; 16]),
            stage: SessionStage::Open,
            pending_factor: Some([9; FACTOR_BYTES]),
            opened_at: NOW,
            used_at: NOW,
        };
        store.open_session(DISTRICT, &session).await.unwrap();
        assert!(store.confirm_factor(DISTRICT, &[1; 32], 1, NOW).await.unwrap());
        reset(&*store, "shuji", NOW).await.unwrap();
        assert_eq!(store.find_factor(DISTRICT, SECRETARY).await.unwrap(), None);
        let audit = store.list_audit(DISTRICT, 0, 10).await.unwrap();
        assert_eq!(audit.last().unwrap().entry.act, AuditAct::FactorReset);
    }
}
