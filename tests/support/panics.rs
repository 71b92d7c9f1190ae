//! Why a test fails, said at once: when a machine keeps only a part of the output, the reason stands beside the test's name.

use std::io::Write as _;
use std::sync::Once;

/// From now on each panic is also written to standard error as it happens, in one line, past the test runner that keeps it for the end.
pub fn say_at_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let (thread, why) = (std::thread::current(), info.to_string().replace('\n', " "));
            let _ = writeln!(std::io::stderr(), "{}: {why}", thread.name().unwrap_or("a thread"));
            usual(info);
        }));
    });
}
