//! Point 8: whoever is killed, whenever: nothing receipted is gone, nothing is asked twice, the story goes on.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use super::support::{Binaries, Phone, Server};
use super::{planned, roll_of, two_phones};

/// Different moments, the same in every run (a linear congruence; the constants are Knuth's).
struct Moments(u64);

impl Moments {
    fn next(&mut self, below_ms: u64) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_micros((self.0 >> 33) % (below_ms * 1000))
    }
}

/// Starts a command of a phone and kills it after a moment.
fn run_and_kill(phone: &Phone, arguments: &[&str], after: Duration) {
    let mut child = Binaries::get()
        .phone()
        .arg("--data")
        .arg(phone.folder())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_and_server_are_killed_again_and_again() {
    let mut server = Server::demo();
    let (secretary, recorder) = two_phones(&server);
    let activity = planned(&secretary);
    let mut moments = Moments(20_261_121);
    for number in 1..=31_u32 {
        let phone = if number % 2 == 0 { &secretary } else { &recorder };
        let mark = format!("{number}=present");
        // Killed while saving: either it was saved or it was not; then it is done again and changes nothing twice.
        run_and_kill(phone, &["roll", &activity, "--mark", &mark], moments.next(40));
        phone.run(&["roll", &activity, "--mark", &mark]);
        run_and_kill(phone, &["sync"], moments.next(60));
        match number % 5 {
            0 => {
                server.kill();
                assert!(!phone.try_run(&["sync"]).ok);
                server.start();
            }
            1 => {
                let syncing = std::thread::scope(|scope| {
                    let syncing = scope.spawn(|| phone.try_run(&["sync"]));
                    sleep(moments.next(30));
                    server.kill();
                    syncing.join().unwrap()
                });
                drop(syncing);
                server.start();
            }
            _ => {}
        }
    }
    for phone in [&secretary, &recorder, &secretary] {
        phone.run(&["sync"]);
    }
    let (hers, his) = (secretary.run(&["show", &activity]), recorder.run(&["show", &activity]));
    assert_eq!(hers, his);
    assert_eq!(roll_of(&hers).len(), 31, "every mark counts");
    for phone in [&secretary, &recorder] {
        let status = phone.run(&["status"]);
        assert_eq!((status["pending"].as_u64(), status["refused"].as_u64()), (Some(0), Some(0)), "{status}");
    }
    for number in [1, 2, 30, 31] {
        let member = hers["roll"][number - 1]["member"].as_str().unwrap();
        let history = secretary.run(&["history", &activity, &format!("attendance.{member}")]);
        assert_eq!(history.as_array().unwrap().len(), 1, "written once: {history}");
    }
    server.admin(&["verify"]);
}
