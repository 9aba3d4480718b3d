//! Functions that leak a secret: memcheck must report each, or it does not see what the others do.

use std::hint::black_box;

use crate::Workload;
use crate::marks::as_secret;

pub const WORKLOADS: &[Workload] = &[
    ("a comparison that stops at the first difference", compare),
    ("a table that is looked up by a secret", look_up),
    ("a loop as long as a secret says", count),
];

fn compare() {
    let secret = as_secret([7u8; 32]);
    let given = black_box([7u8; 32]);
    black_box(secret.iter().zip(&given).position(|(a, b)| a != b));
}

fn look_up() {
    let table: [u8; 256] = black_box(std::array::from_fn(|i| (i * 7) as u8));
    black_box(table[usize::from(as_secret(9u8))]);
}

fn count() {
    let mut sum = 0u32;
    for step in 0..as_secret(5u32) {
        sum = black_box(sum + step);
    }
    black_box(sum);
}
