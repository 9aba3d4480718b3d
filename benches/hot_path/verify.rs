//! Verifying a probe's embedding and, on accept, deriving the key: a token's whole decision.

use std::convert::Infallible;
use std::hint::black_box;

use criterion::Criterion;
use neural_vault_benches::{Stop, unit_vector};
use neural_vault_core::key::{DeviceSecret, KeyBuffer};
use neural_vault_core::verify::{AttemptCounter, Enrolment, Threshold, Verdict, verify};

/// Attempts that never run out, in memory: writes to a token's flash would take longer than all the rest.
struct InMemory(u32);

impl AttemptCounter for InMemory {
    type Error = Infallible;

    fn remaining(&mut self) -> Result<u32, Infallible> {
        Ok(self.0)
    }

    fn persist_decrement(&mut self) -> Result<(), Infallible> {
        self.0 = black_box(self.0);
        Ok(())
    }

    fn restore(&mut self) -> Result<(), Infallible> {
        self.0 = black_box(self.0);
        Ok(())
    }
}

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    let (prototype, stranger) = (unit_vector(1), unit_vector(2));
    let enrolment = Enrolment::new(&prototype, Threshold::new(0.9)?, &[1; 32], &[2; 16])?;
    let secret = DeviceSecret::from_bytes(&[7; 32]);
    let mut counter = InMemory(5);
    let mut buffer = KeyBuffer::empty();
    let mut decide = |probe: &[f32]| {
        let mut verdict = Verdict::rejection();
        let accepted = verify(&enrolment, probe, &mut counter, &mut verdict).is_ok();
        accepted && enrolment.release_key(&verdict, &secret, b"bench", &mut buffer).is_ok()
    };
    if !decide(&prototype) || decide(&stranger) {
        return Err("the enrolled must be accepted and the stranger rejected".into());
    }
    let mut group = criterion.benchmark_group("verify");
    group.bench_function("accept", |b| b.iter(|| decide(black_box(&prototype))));
    group.bench_function("reject", |b| b.iter(|| decide(black_box(&stranger))));
    group.finish();
    Ok(())
}
