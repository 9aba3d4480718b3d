//! Old copies of the flash, whole or in parts, and content that never was a token's.
//!
//! The defence: a generation that a counter outside the flash keeps, and records that authenticate their place.

use neural_vault_core::testing::Random;
use neural_vault_core::wire::*;
use neural_vault_token::store::{BANK, REGION};
use neural_vault_token_simulator::flash::{Flash, Tear};
use neural_vault_token_simulator::seen::seen;
use neural_vault_token_simulator::*;

use crate::changes::{CHANGES, Host, after, live_bank, reason, wipe_unsound};

/// Bytes of a prototype's place.
const PLACE: usize = 4096;

fn with_content(board: &SimBoard, content: &[u8]) -> SimBoard {
    let board = board.copy();
    board.flash.set_content(content);
    board
}

/// The two banks and the places of prototypes.
fn regions() -> Vec<std::ops::Range<usize>> {
    let bank = BANK as usize;
    let places = (2 * bank..REGION as usize).step_by(PLACE).map(|start| start..start + PLACE);
    [0..bank, bank..2 * bank].into_iter().chain(places).collect()
}

#[test]
fn an_old_copy_is_refused_by_a_board_with_a_counter() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard::with_counter(Flash::new());
    enrol_on(&board, model);
    let old = board.flash.content();
    for change in CHANGES.iter().filter(|change| change.renews) {
        let later = after(&board, model, change);
        let rolled_back = with_content(&later, &old);
        assert_eq!(seen(&rolled_back, model).state, State::Disabled, "{}", change.name);
        assert_eq!(reason(&rolled_back, model), Fault::StorageRolledBack, "{}", change.name);
        session(rolled_back.clone(), model, |client| {
            wipe_unsound(client).unwrap();
            client.handshake().unwrap();
            client.call::<Provision>(&provisioning(model)).unwrap();
        });
        assert_eq!(seen(&rolled_back, model).state, State::Provisioned);
        assert_eq!(reason(&with_content(&rolled_back, &old), model), Fault::StorageRolledBack);
    }
}

#[test]
fn a_board_without_a_counter_accepts_an_old_copy_but_no_part_of_one() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    let before = seen(&board, model);
    let old = board.flash.content();
    for change in &CHANGES {
        let later = after(&board, model, change);
        assert_eq!(seen(&with_content(&later, &old), model), before, "{}: as the README says", change.name);
    }
}

#[test]
fn a_mixture_of_two_days_is_one_of_them_or_refused() {
    let aligned = bundle();
    let model = aligned.bytes();
    let (mut images, mut refused) = (0, 0);
    for (board, has_counter) in [(SimBoard::new(Flash::new()), false), (SimBoard::with_counter(Flash::new()), true)] {
        enrol_on(&board, model);
        let (before, old) = (seen(&board, model), board.flash.content());
        for change in &CHANGES {
            let later = after(&board, model, change);
            let (now, new) = (seen(&later, model), later.flash.content());
            for mask in 0..1_u32 << regions().len() {
                let mut image = new.clone();
                for (index, region) in regions().into_iter().enumerate() {
                    if mask & 1 << index != 0 {
                        image[region.clone()].copy_from_slice(&old[region]);
                    }
                }
                let found = seen(&with_content(&later, &image), model);
                images += 1;
                refused += usize::from(found.state == State::Disabled);
                let erased = seen(&SimBoard::new(Flash::new()), model);
                let rolled_back = !(has_counter && change.renews) && (found == before || found == erased);
                let allowed = found.state == State::Disabled || found == now || rolled_back;
                assert!(allowed, "{}: mixture {mask:b}: {found:?}", change.name);
            }
        }
    }
    println!("{images} mixtures of two days: {refused} refused, the others one of the two or erased");
}

/// Enrols two persons, and returns the content.
fn two_enrolments(board: &SimBoard, model: &[u8]) -> Vec<u8> {
    enrol_on(board, model);
    session(board.clone(), model, |client| (CHANGES[1].make)(client).unwrap());
    board.flash.content()
}

#[test]
fn records_swapped_moved_or_cut_are_refused() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard::new(Flash::new());
    let content = two_enrolments(&board, model);
    let bank = live_bank(&content);
    let prototypes = 2 * BANK as usize;
    let refused = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut image = content.clone();
        change(&mut image);
        assert_ne!(image, content, "{name}");
        assert_eq!(reason(&with_content(&board, &image), model), Fault::StorageDamaged, "{name}");
    };
    refused("prototypes swapped", &|image| {
        let (first, second) = image[prototypes..].split_at_mut(PLACE);
        first.swap_with_slice(&mut second[..PLACE]);
    });
    refused("one prototype in both places", &|image| {
        image.copy_within(prototypes..prototypes + PLACE, prototypes + PLACE);
    });
    refused("a prototype cut", &|image| image[prototypes + 64..prototypes + PLACE].fill(0xff));
    refused("a prototype erased", &|image| image[prototypes..][..PLACE].fill(0xff));
    refused("a prototype without its commit", &|image| image[prototypes + 112..][..16].fill(0xff));
    refused("the snapshot in both banks", &|image| {
        image.copy_within(bank..bank + BANK as usize, BANK as usize - bank);
    });
    refused("the banks exchanged", &|image| {
        let (first, rest) = image.split_at_mut(BANK as usize);
        first.swap_with_slice(&mut rest[..BANK as usize]);
    });
    refused("a snapshot cut", &|image| image[bank + 64..][..400].fill(0xff));
    refused("a snapshot in the log's place", &|image| image.copy_within(bank..bank + 544, bank + 576));
    refused("a record of the log in the snapshot's place", &|image| image.copy_within(bank + 576..bank + 656, bank));
}

#[test]
fn a_prototype_of_an_enrolment_that_was_cut_does_not_stand_in_for_the_one_that_was_made() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = enrolled_board(model);
    let enrol = |person, cut: Option<usize>| {
        let board = board.copy();
        session(board.clone(), model, |client| {
            let scans: Vec<_> = (0..2).map(|take| scan(person, take)).collect();
            if let Some(steps) = cut {
                board.flash.cut_after(steps, Tear::Before);
            }
            let _ = client.enrol(&ADMIN, EMPTY, DIMS.features, &scans, THRESHOLD);
        });
        board.flash.restore_power();
        board.flash.content()
    };
    // Both are in the same place and under the same key; the prototype takes 28 words and its commit 4.
    let (cut, mut image) = (enrol(78, Some(32)), enrol(77, None));
    let place = 2 * BANK as usize + PLACE..2 * BANK as usize + 2 * PLACE;
    assert_eq!(cut[place.start + 112..][..16], [0; 16], "committed");
    image[place.clone()].copy_from_slice(&cut[place]);
    assert_eq!(reason(&with_content(&board, &image), model), Fault::StorageDamaged);
}

#[test]
fn content_that_never_was_a_tokens_is_no_token() {
    let aligned = bundle();
    let model = aligned.bytes();
    let random = |seed| {
        let mut random = Random(seed);
        (0..REGION).map(|_| (random.float() * 128.0) as i8 as u8).collect()
    };
    let erased = vec![0xff; REGION as usize];
    for content in [vec![0; REGION as usize], random(1), random(2), random(3)] {
        for board in [SimBoard::new(Flash::new()), SimBoard::with_counter(Flash::new())] {
            board.flash.set_content(&content);
            assert_eq!(reason(&board, model), Fault::StorageDamaged);
            session(board.clone(), model, |client| wipe_unsound(client).unwrap());
            assert_eq!(seen(&board, model).state, State::Blank);
        }
    }
    let [without, with] = [SimBoard::new(Flash::new()), SimBoard::with_counter(Flash::new())].map(|board| {
        enrol_on(&board, model);
        with_content(&board, &erased)
    });
    assert_eq!(seen(&without, model).state, State::Blank, "as the README says");
    assert_eq!(reason(&with, model), Fault::StorageRolledBack);
}

#[test]
fn the_last_generation_is_kept_for_a_wipe() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard::with_counter(Flash::new());
    board.generation.as_ref().unwrap().set(196);
    let fault = |reply: Result<(), Refusal>| reply.unwrap_err().fault().unwrap();
    session(board.clone(), model, |client: &mut Host<'_>| {
        wipe_unsound(client).unwrap();
        client.handshake().unwrap();
        client.call::<Provision>(&provisioning(model)).unwrap();
        client.enrol(&ADMIN, SLOT, DIMS.features, &enrolled_scans(), THRESHOLD).unwrap();
    });
    assert_eq!(board.generation.as_ref().unwrap().get(), 199);
    let enrolled = board.flash.content();
    session(board.clone(), model, |client| {
        for change in &CHANGES[1..5] {
            assert_eq!(fault((change.make)(client)), Fault::GenerationsUsedUp, "{}", change.name);
        }
        (CHANGES[0].make)(client).unwrap();
        verify(client, SLOT, &genuine(9)).unwrap();
        client.admin::<Wipe, _>(&ADMIN, ()).unwrap();
        client.handshake().unwrap();
        assert_eq!(fault(client.call::<Provision>(&provisioning(model))), Fault::GenerationsUsedUp);
    });
    // What was wiped with the last generation can be wiped again.
    assert_eq!(reason(&with_content(&board, &enrolled), model), Fault::StorageRolledBack);
    let damaged = with_content(&board, &enrolled);
    session(damaged.clone(), model, |client| wipe_unsound(client).unwrap());
    assert_eq!(seen(&damaged, model).state, State::Blank);
}
