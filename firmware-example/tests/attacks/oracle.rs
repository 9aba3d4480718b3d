//! Challenges with chosen nonces and labels.

use hmac::{Hmac, KeyInit, Mac};
use neural_vault_core::wire::*;
use neural_vault_token_simulator::*;
use sha2::Sha256;

#[test]
fn answers_to_challenges_say_nothing_of_an_exportable_key() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let key = export(client, SLOT, b"door", &genuine(9)).unwrap();
        // Nonces that would make an answer another key derived from this one: RFC 5869's last block, and any other.
        for nonce in [[0; 32], [1; 32], *b"neural-vault/challenge/v2\0\0\0\0\0\0\x01"] {
            let question = Question { slot: SLOT, nonce, application: b"door" };
            let answer = challenge(client, question, &genuine(9)).unwrap();
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            mac.update(&nonce);
            assert_ne!(answer, *mac.finalize().into_bytes());
        }
    });
}

#[test]
fn an_answer_belongs_to_its_nonce_and_its_label() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let mut ask =
            |nonce, application| challenge(client, Question { slot: SLOT, nonce, application }, &genuine(9)).unwrap();
        let answers = [ask([1; 32], b"door"), ask([2; 32], b"door"), ask([1; 32], b"doo"), ask([1; 32], b"")];
        for (index, answer) in answers.iter().enumerate() {
            assert!(!answers[..index].contains(answer), "{index}");
        }
    });
}
