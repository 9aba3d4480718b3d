//! Names of tensors: wrappers, prefixes, missing and unknown ones.

use super::*;

#[test]
fn wrappers_and_a_common_beginning_are_left_out_of_the_names() {
    let sound = File::sound();
    for prefix in ["module.", "_orig_mod.", "model.", "model.encoder.", "net.", "encoder.", "module._orig_mod.model."] {
        let notes = sound.renamed(|name| format!("{prefix}{name}")).notes();
        assert_eq!(notes.len(), 1, "{notes:?}");
        for part in prefix.split_terminator('.') {
            assert!(notes[0].contains(&format!("{part}.")), "{notes:?}");
        }
    }
    let compiled_layers = sound.renamed(|name| name.replace("enc.layers.0.", "enc.layers.0._orig_mod."));
    assert_eq!(compiled_layers.notes(), ["left out of the tensors' names: `_orig_mod.`"]);
    let sharded = sound.renamed(|name| name.replace("enc.", "enc._fsdp_wrapped_module."));
    assert_eq!(sharded.notes(), ["left out of the tensors' names: `_fsdp_wrapped_module.`"]);
}

#[test]
fn two_encoders_in_a_file_are_refused_unless_one_is_skipped() {
    let student = File::sound().renamed(|name| format!("student.{name}"));
    let mut both = student.clone();
    both.tensors.extend(File::sound().renamed(|name| format!("teacher.{name}")).tensors);
    assert_eq!(both.import().unwrap_err(), "holds several encoders, whose names begin with `student.` and `teacher.`");
    for skip in ["teacher", "teacher.", "teacher.*"] {
        let imported = both.import_with(&ImportOptions { skip: vec![skip.to_owned()], ..Default::default() }).unwrap();
        assert!(imported.weights == File::sound().import().unwrap().weights);
        let skipped =
            imported.notes.iter().find(|note| matches!(note, ImportNote::Skipped(names) if names.len() == 35));
        assert!(skipped.is_some(), "{:?}", imported.notes);
    }
    let mut bare = student;
    bare.tensors.extend(File::sound().tensors);
    assert!(bare.import().unwrap_err().contains("begin with nothing and `student.`"));
}

#[test]
fn names_that_are_one_without_their_wrappers_are_refused() {
    let mut file = File::sound();
    file.add("module.proj.bias", &[32]);
    assert_eq!(file.import().unwrap_err(), "tensors `module.proj.bias` and `proj.bias` are both proj.bias");
}

#[test]
fn every_tensor_that_the_encoder_does_not_compute_with_is_named() {
    for names in [
        &["enc.norm.bias", "enc.norm.weight"][..],
        &["cls_token", "post_ln.weight"],
        &["enc.layers.0.norm3.weight"],
        &["head.4.weight"],
        &["enc.layers.00.norm1.bias"],
        &["standardiser.std"],
        &["bn.num_batches", "bn.running_mean"],
        &["loss.proxies"],
    ] {
        let mut file = File::sound();
        names.iter().for_each(|name| file.add(name, &[1, 1, 32]));
        let expected = format!("the encoder does not compute with {}", names.join(", "));
        assert_eq!(file.import().unwrap_err(), expected);
        let prefixed = file.renamed(|name| format!("model.{name}"));
        assert_eq!(prefixed.import().unwrap_err(), expected.replace("with ", "with model.").replace(", ", ", model."));
        let options =
            ImportOptions { skip: names.iter().map(|name| (*name).to_owned()).collect(), ..Default::default() };
        let imported = file.import_with(&options).unwrap();
        let skipped = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(imported.notes, [ImportNote::Skipped(skipped)]);
    }
}

#[test]
fn a_name_to_skip_that_no_tensor_has_is_refused() {
    let options = ImportOptions { skip: vec!["los".to_owned()], ..Default::default() };
    let mut file = File::sound();
    file.add("loss.proxies", &[3]);
    assert_eq!(file.import_with(&options).unwrap_err(), "no tensor is named `los` or begins with it");
}

#[test]
fn counters_and_test_vectors_are_left_out_with_a_note() {
    let mut file = File::sound();
    file.tensors.insert("n_averaged".to_owned(), (Dtype::I64, vec![], vec![0; 8]));
    file.add("enc.layers.0.total_ops", &[1]);
    file.add("test.input", &[1, 3, 24]);
    let notes = file.notes();
    assert_eq!(notes, ["not part of an encoder and left out: enc.layers.0.total_ops, n_averaged, test.input"]);
}

#[test]
fn missing_tensors_and_layers_are_named() {
    let sound = File::sound();
    let three =
        File::of(Dims { features: 24, d_model: 32, heads: 4, layers: 3, feed_forward: 64, latent: 16, positions: 12 });
    for (file, says) in [
        (sound.without(|name| name == "head.1.bias"), "the encoder's head.1.bias is missing"),
        (
            sound.without(|name| name.ends_with("norm2.bias")),
            "the encoder's enc.layers.0.norm2.bias, enc.layers.1.norm2.bias are missing",
        ),
        (
            three.without(|name| name.starts_with("enc.layers.1.")),
            "the encoder's enc.layers.1.* is missing (layers 0, 2 are there)",
        ),
        (sound.without(|name| name.starts_with("enc.layers.0.")), "the encoder's enc.layers.0.* is missing"),
        (sound.without(|name| name.starts_with("enc.")), "the encoder's enc.layers.0.* is missing"),
        (sound.without(|name| name == "standardiser.mean"), "the encoder's standardiser.mean is missing"),
        (
            sound.renamed(|name| if name == "proj.bias" { "model.proj.bias".to_owned() } else { name.to_owned() }),
            "the encoder's proj.bias is missing; the encoder does not compute with model.proj.bias",
        ),
        (
            sound.renamed(|name| format!("model.{}", name.replace("head.3", "head.2"))),
            "the encoder's head.3.weight, head.3.bias are missing below `model.`; \
             the encoder does not compute with model.head.2.bias, model.head.2.weight",
        ),
    ] {
        assert_eq!(file.import().unwrap_err(), says);
    }
    let error = three.stating("num_layers", "4").import().unwrap_err();
    assert_eq!(error, "metadata entry num_layers is `4`: the tensors have 3");
}

#[test]
fn a_file_of_another_model_says_what_is_missing_and_what_is_there() {
    let mut file = File::sound();
    file.tensors.clear();
    file.add("bert.embeddings.word_embeddings.weight", &[4, 4]);
    let error = file.import().unwrap_err();
    for part in ["proj.weight", "enc.layers.0.*", "head.3.bias", "bert.embeddings.word_embeddings.weight"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_tensor_that_the_file_stores_under_another_name_is_taken_from_there() {
    // As safetensors.torch.save_model writes tensors that share memory.
    let mut file = File::sound().without(|name| name == "head.1.bias").stating("head.1.bias", "head.0.bias");
    file.metadata.insert("format".to_owned(), "pt".to_owned());
    let imported = file.import().unwrap();
    assert_eq!(imported.weights.tensors["head.1.bias"], imported.weights.tensors["head.0.bias"]);
    assert_eq!(imported.notes[0].to_string(), "head.1.bias is stored as head.0.bias, and was taken from it");
    assert_eq!(imported.notes.len(), 1);
}
