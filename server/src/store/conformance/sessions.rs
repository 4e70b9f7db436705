//! What sessions and second factors promise.

use std::sync::Arc;

use super::*;

const CONSOLE: DeviceId = DeviceId::from_bytes([0x31; 16]);

fn session(number: u8, opened_at: Millis) -> Session {
    Session {
        hash: [number; 32],
        account: SECRETARY,
        device: CONSOLE,
        stage: SessionStage::SettingUp,
        pending_factor: None,
        opened_at,
        used_at: opened_at,
    }
}

async fn open_sessions(store: &dyn Store, numbers: &[u8]) {
    store.ensure_console_device(DISTRICT, SECRETARY, CONSOLE, NOW).await.unwrap();
    for number in numbers {
        store.open_session(DISTRICT, &session(*number, NOW)).await.unwrap();
    }
}

async fn are_there(store: &dyn Store, numbers: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    for number in numbers {
        if store.find_session(DISTRICT, &[*number; 32]).await.unwrap().is_some() {
            found.push(*number);
        }
    }
    found
}

pub(crate) async fn a_session_lasts_until_it_is_ended_or_swept<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    open: impl Fn() -> F,
) {
    open_sessions(&*store, &[1, 2, 3]).await;
    assert_eq!(store.find_session(DISTRICT, &[1; 32]).await.unwrap(), Some(session(1, NOW)));
    assert_eq!(store.find_session(OTHER_DISTRICT, &[1; 32]).await.unwrap(), None);
    store.touch_session(DISTRICT, &[1; 32], NOW.plus(500)).await.unwrap();
    store.touch_session(DISTRICT, &[1; 32], NOW.plus(100)).await.unwrap();
    let store = open().await;
    let touched = store.find_session(DISTRICT, &[1; 32]).await.unwrap().unwrap();
    assert_eq!((touched.opened_at, touched.used_at), (NOW, NOW.plus(500)), "time does not go back");
    assert!(!store.end_session(OTHER_DISTRICT, &[2; 32]).await.unwrap());
    assert!(store.end_session(DISTRICT, &[2; 32]).await.unwrap());
    assert!(!store.end_session(DISTRICT, &[2; 32]).await.unwrap());
    assert_eq!(store.sweep_sessions(DISTRICT, NOW.plus(500), NOW).await.unwrap(), 1, "3 was not used since");
    assert_eq!(are_there(&*store, &[1, 2, 3]).await, [1]);
    assert_eq!(store.sweep_sessions(DISTRICT, NOW, NOW.plus(1)).await.unwrap(), 1, "1 is too old");
}

pub(crate) async fn sessions_end_with_the_password_and_the_account<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    open_sessions(&*store, &[1, 2, 3]).await;
    assert!(store.set_password(DISTRICT, SECRETARY, "$argon2id$...", Some(&[1; 32])).await.unwrap());
    assert_eq!(are_there(&*store, &[1, 2, 3]).await, [1], "who changes his own stays");
    open_sessions(&*store, &[4]).await;
    assert!(store.set_password(DISTRICT, SECRETARY, "$argon2id$...", None).await.unwrap());
    assert_eq!(are_there(&*store, &[1, 4]).await, [0; 0]);
    open_sessions(&*store, &[5]).await;
    assert!(store.set_disabled(DISTRICT, SECRETARY, Some(NOW)).await.unwrap());
    assert!(store.set_disabled(DISTRICT, SECRETARY, None).await.unwrap());
    assert_eq!(are_there(&*store, &[5]).await, [0; 0], "an account that opens again brings none back");
}

pub(crate) async fn a_factor_counts_once_it_is_confirmed<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    open_sessions(&*store, &[1, 2]).await;
    assert!(!store.confirm_factor(DISTRICT, &[1; 32], 7, NOW).await.unwrap(), "nothing is pending");
    store.pend_factor(DISTRICT, &[1; 32], &[9; FACTOR_BYTES]).await.unwrap();
    assert_eq!(store.find_factor(DISTRICT, SECRETARY).await.unwrap(), None);
    assert!(store.confirm_factor(DISTRICT, &[1; 32], 7, NOW).await.unwrap());
    assert!(!store.confirm_factor(DISTRICT, &[1; 32], 8, NOW).await.unwrap());
    let factor = store.find_factor(DISTRICT, SECRETARY).await.unwrap();
    assert_eq!(factor, Some(Factor { secret: [9; FACTOR_BYTES], last_step: 7 }));
    assert_eq!(store.find_account(DISTRICT, SECRETARY).await.unwrap().unwrap().factor_since, Some(NOW));
    let confirmed = store.find_session(DISTRICT, &[1; 32]).await.unwrap().unwrap();
    assert_eq!((confirmed.stage, confirmed.pending_factor), (SessionStage::Open, None));
    assert_eq!(are_there(&*store, &[1, 2]).await, [1], "what was opened without it ends");

    assert!(!store.advance_factor(DISTRICT, SECRETARY, 7).await.unwrap(), "a code is good once");
    assert!(store.advance_factor(DISTRICT, SECRETARY, 8).await.unwrap());
    assert!(!store.advance_factor(OTHER_DISTRICT, AccountId::from_bytes([0; 16]), 9).await.unwrap());
    assert!(store.clear_factor(DISTRICT, SECRETARY).await.unwrap());
    assert!(!store.clear_factor(DISTRICT, SECRETARY).await.unwrap());
    assert_eq!(store.find_factor(DISTRICT, SECRETARY).await.unwrap(), None);
    assert_eq!(are_there(&*store, &[1]).await, [0; 0]);
    assert!(!store.advance_factor(DISTRICT, SECRETARY, 8).await.unwrap(), "used is used");

    store.set_factor_policy(DISTRICT, FactorPolicy::Required).await.unwrap();
    let policies = store.list_districts().await.unwrap().into_iter().map(|found| found.factor_policy);
    assert_eq!(policies.collect::<Vec<_>>(), [FactorPolicy::Required, FactorPolicy::Optional]);
}
