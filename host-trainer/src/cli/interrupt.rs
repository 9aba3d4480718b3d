//! Ctrl-C: it asks work to stop that saves what it has done, and ends any other command.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The flag of the work in progress that stops by itself.
static WORK: Mutex<Weak<AtomicBool>> = Mutex::new(Weak::new());

/// A flag that Ctrl-C sets, as long as it is held, instead of ending the command.
pub fn flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    *work() = Arc::downgrade(&flag);
    flag
}

/// Sets what Ctrl-C does while no flag is held.
///
/// If no handler can be set, Ctrl-C ends the process without a message, and what is on disk is as sound.
pub fn handle(end: impl Fn() + Send + 'static) {
    let _ = ctrlc::set_handler(move || {
        let flag = work().upgrade();
        match flag {
            Some(flag) => flag.store(true, Ordering::Relaxed),
            None => end(),
        }
    });
}

fn work() -> MutexGuard<'static, Weak<AtomicBool>> {
    WORK.lock().unwrap_or_else(PoisonError::into_inner)
}
