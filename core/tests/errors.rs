//! Every error says in a sentence what was wrong, with the numbers that it holds, and names its cause.
#![allow(clippy::unwrap_used)]

use std::error::Error;

use neural_vault_core::budget::BudgetError;
use neural_vault_core::challenge::LabelTooLong;
use neural_vault_core::key::KeyError;
use neural_vault_core::quantise::QuantiseError;
use neural_vault_core::similarity::SimilarityError;
use neural_vault_core::verify::{EnrolmentError, VerifyError};

fn says(error: &dyn Error, text: &str) {
    assert_eq!(error.to_string(), text);
}

/// The text of an error's cause.
fn cause(error: &dyn Error) -> Option<String> {
    error.source().map(ToString::to_string)
}

#[test]
fn errors_of_the_trusted_core_say_what_was_wrong() {
    says(
        &QuantiseError::Length { components: 1, codes: 2 },
        "embedding of 1 components, room for 2 codes: give one code a component",
    );
    says(&QuantiseError::NotFinite { index: 7 }, "embedding component 7 is not finite");
    says(&QuantiseError::OutOfRange { index: 7 }, "embedding component 7 is outside the 16-bit range of +-32.767");
    says(&QuantiseError::Empty, "the embedding has no components");

    says(&SimilarityError::Length { left: 1, right: 2 }, "vectors of 1 and 2 components");
    says(&SimilarityError::NotFinite, "a vector is not finite");
    says(&SimilarityError::Zero, "a vector is zero");

    says(&KeyError::Quantise(QuantiseError::Empty), "the embedding has no components");
    says(&KeyError::Normalise(SimilarityError::Zero), "prototype has no direction: a vector is zero");
    says(&KeyError::PrototypeLength { given: 8193 }, "prototype of 8193 components, at most 8192");
    says(&KeyError::KeyLength { given: 0 }, "key of 0 bytes, give 1 to 8160");
    says(&KeyError::NotAccepted, "no probe was accepted");

    says(&LabelTooLong { given: 300 }, "application label of 300 bytes, at most 255");

    says(&EnrolmentError::Threshold, "enrolment threshold is not a number from -1 to 1");
    says(&EnrolmentError::PrototypeLength { given: 8193 }, "enrolment prototype of 8193 components, at most 8192");
    says(&EnrolmentError::Prototype(SimilarityError::Zero), "enrolment prototype: a vector is zero");

    says(&VerifyError::<KeyError>::Rejected, "rejected");
    says(&VerifyError::<KeyError>::NoAttemptsLeft, "no attempts left: enrol again");
    says(&VerifyError::Counter(KeyError::NotAccepted), "attempt counter: no probe was accepted");

    says(&BudgetError::FalseMatches, "the numbers of false matches and trials do not belong to the bound of the FMR");
    says(&BudgetError::Exceeded, "a stranger's chance of one attempt is above 2 %");
    says(&BudgetError::AcceptedRisk, "the accepted risk has no attempts, too many, or a chance below theirs");
}

#[test]
fn errors_of_the_trusted_core_name_their_cause_once() {
    let zero = Some("a vector is zero".to_owned());
    assert_eq!(cause(&KeyError::Normalise(SimilarityError::Zero)), zero);
    assert_eq!(cause(&EnrolmentError::Prototype(SimilarityError::Zero)), zero);
    // Its text is the cause's own.
    assert_eq!(cause(&KeyError::Quantise(QuantiseError::Empty)), None);
    assert_eq!(cause(&EnrolmentError::Threshold), None);
}

#[cfg(feature = "std")]
#[test]
fn errors_of_scans_and_models_say_what_was_wrong() {
    use neural_vault_core::bundle::BundleError;
    use neural_vault_core::encoder::{DimsError, EncodeError};
    use neural_vault_core::identify::{GalleryError, GalleryWriteError, IdentifyError};
    use neural_vault_core::scan::{FrameError, ScanError};

    let (constant, zero) = (FrameError::Constant, SimilarityError::Zero);
    says(&constant, "its finite values are all equal");
    says(&FrameError::NotFinite { finite: 1, features: 4 }, "1 of its 4 values are finite, at least half must be");
    says(&FrameError::Region { region: 3 }, "region 3 has no finite value");

    says(&EncodeError::Window { given: 9, max: 3 }, "window of 9 frames, the model takes 1 to 3");
    says(&EncodeError::Frames { given: 7, features: 5 }, "7 values are not a whole number of frames of 5 features");
    says(&EncodeError::Scratch { given: 1, needed: 2 }, "scratch memory of 1 floats, 2 are needed");
    says(&EncodeError::Embedding { given: 1, needed: 2 }, "room for 1 components, an embedding has 2");
    let frame = EncodeError::Frame { frame: 2, cause: constant };
    says(&frame, "frame 2 says nothing: its finite values are all equal");
    says(&EncodeError::TooShort { given: 3, least: 4 }, "scan of 3 frames, this model takes 4 or more");
    says(&EncodeError::ConstantRegion { region: 3 }, "region 3 has the same value in every frame");
    says(&EncodeError::SingleFrames, "a connectome has no embedding of a single frame");
    let degenerate = EncodeError::Degenerate(zero);
    says(&degenerate, "embedding has no direction: a vector is zero");

    says(&ScanError::Encode(degenerate), "embedding has no direction: a vector is zero");
    let frame_of_scan = ScanError::Degenerate { frame: 2, cause: constant };
    says(&frame_of_scan, "frame 2 says nothing: its finite values are all equal");
    assert_eq!(ScanError::from(frame), frame_of_scan);
    assert_eq!(ScanError::from(degenerate), ScanError::Encode(degenerate));
    says(&ScanError::Empty, "the scan has no frame");
    says(&ScanError::OtherModel, "the scan began with a model of another kind");
    says(&ScanError::IncompleteFrame { given: 2, features: 5 }, "the scan ends 2 values into a frame of 5 features");

    let dims = DimsError { field: "heads", value: 3, rule: "a divisor of d_model" };
    says(&dims, "heads is 3, must be a divisor of d_model");
    says(&BundleError::Dims(dims), "bundle sizes: heads is 3, must be a divisor of d_model");
    says(&BundleError::NotABundle, "not a model bundle: wrong first bytes");
    says(
        &BundleError::Version { found: 0 },
        "bundle version 0, this build reads versions 1 and 2: export the model again",
    );
    says(&BundleError::Window { given: 9, max: 3 }, "bundle window of 9 frames, the model takes 1 to 3");
    says(&BundleError::Length { given: 1, expected: 64 }, "bundle of 1 bytes, should be 64: truncated or damaged");
    says(&GalleryError::NotAGallery, "not a gallery: wrong first bytes");
    let queries = IdentifyError::Queries { given: 31, expected: 32 };
    says(&queries, "queries of 31 values, should be 32");
    let query = IdentifyError::Query { index: 1, error: zero };
    says(&query, "query 1: a vector is zero");
    says(&GalleryWriteError::Width(0), "prototypes of 0 components, must be 1 to 8192");
    let unwritten = GalleryWriteError::Prototype { label: "anna".to_owned(), error: zero };
    says(&unwritten, "the prototype of anna: a vector is zero");
    says(&BundleError::Digest, "bundle content does not match its digest: damaged");

    assert_eq!(cause(&frame), Some(constant.to_string()));
    assert_eq!(cause(&degenerate), Some(zero.to_string()));
    assert_eq!(cause(&EncodeError::SingleFrames), None);
    assert_eq!(cause(&frame_of_scan), Some(constant.to_string()));
    assert_eq!(cause(&ScanError::Encode(degenerate)), Some(zero.to_string()));
    assert_eq!(cause(&ScanError::Empty), None);
    assert_eq!((cause(&queries), cause(&query)), (None, Some(zero.to_string())));
    assert_eq!((cause(&GalleryWriteError::Count), cause(&unwritten)), (None, Some(zero.to_string())));
    assert_eq!(cause(&BundleError::Dims(dims)), Some(dims.to_string()));
    assert_eq!(cause(&BundleError::Digest), None);
}

#[cfg(feature = "wire")]
#[test]
fn errors_of_the_link_say_what_was_wrong_and_are_refusals() {
    use neural_vault_core::wire::{Fault, FrameError, Refusal};

    for (error, text, fault) in [
        (FrameError::Damaged, "frame is damaged", Fault::Damaged),
        (FrameError::TooLong, "frame is too long", Fault::TooLong),
        (FrameError::Malformed, "message does not decode", Fault::Malformed),
    ] {
        says(&error, text);
        assert_eq!(Refusal::from(error), fault.with(0));
    }
    says(&Fault::NoSuchComponent.with(0), "the embedding has fewer components than were asked for (error 90)");
    says(&Fault::NoSuchComponent.with(128), "the embedding has fewer components than were asked for (error 90, 128)");
    let unknown = Refusal { number: 9999, detail: 7 };
    says(&unknown, "error 9999 (7), which this version does not know");
}
