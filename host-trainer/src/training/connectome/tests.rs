use super::*;
use crate::connectome::ImpostorTable;
use crate::dataset::{RegionNumbers, Synthetic};

/// Persons `class00` and so on, in two sessions.
fn recordings(persons: usize, features: usize, seed: u64) -> Dataset {
    Synthetic { classes: persons, timesteps: 40, features, sessions: 2, noise: 1.0, seed }.recordings()
}

fn parcels(numbers: &[i64]) -> Parcels {
    let mut file = RegionNumbers { numbers: numbers.to_vec(), ..RegionNumbers::default() };
    file.names.insert(7, "insula".to_owned());
    Parcels::new(&[file]).unwrap()
}

fn message(settings: &Connectome, dataset: &Dataset) -> String {
    settings.train(dataset).unwrap_err().to_string()
}

#[test]
fn the_persons_of_the_background_are_the_labels_of_the_model() {
    let (model, notes) = Connectome { frames: 10, parcels: None }.train(&recordings(8, 12, 1)).unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(model.dims().regions(), Some(12));
    let provenance = model.provenance();
    assert_eq!((provenance.window, provenance.recipe.as_str(), provenance.labels.len()), (10, "connectome", 8));
    let table = model.impostor_table().unwrap();
    assert_eq!(table.pairs().map(|(frames, _)| frames).collect::<Vec<_>>(), [5, 10, 15, 25]);
    assert_ne!(table, ImpostorTable::default());
}

#[test]
fn parcels_average_features_to_the_same_model_as_their_means() {
    let wide = recordings(4, 24, 1);
    let numbers: Vec<i64> = (0..24).map(|feature| [7, 20, 0, 3, 500, 9][feature % 6]).collect();
    let settings = Connectome { parcels: Some(parcels(&numbers)), ..Connectome::default() };
    let (by_parcels, _) = settings.train(&wide).unwrap();
    assert_eq!((by_parcels.dims().features, by_parcels.dims().regions()), (24, Some(5)));
    let values = settings.parcels.unwrap().average(&wide.values);
    let (by_means, _) = Connectome::default().train(&Dataset { features: 5, values, ..wide }).unwrap();
    let tensor = |model: &Model| model.bundle().unwrap().state_tensor("connectome.whitening").unwrap();
    assert_eq!(tensor(&by_parcels), tensor(&by_means));
}

#[test]
fn fewer_than_three_persons_are_refused_and_fewer_than_eight_noted() {
    let error = message(&Connectome::default(), &recordings(2, 12, 1));
    assert!(error.contains("2 persons (class00, class01): the background needs 3 at least"), "{error}");
    let (_, notes) = Connectome::default().train(&recordings(3, 12, 1)).unwrap();
    assert_eq!(notes, [Note::FewPersons { persons: 3 }]);
}

#[test]
fn labels_of_one_session_each_are_noted() {
    let dataset = recordings(8, 12, 1).restrict_sessions(&["run00"]).unwrap();
    let (_, notes) = Connectome::default().train(&dataset).unwrap();
    let [Note::OneSessionEach { labels: 8, .. }] = notes.as_slice() else { unreachable!("{notes:?}") };
}

#[test]
fn frames_that_are_no_regions_are_refused_with_the_reason() {
    let error = message(&Connectome::default(), &recordings(3, 129, 1));
    assert!(error.contains("frames of 129 features") && error.contains("principal components lose"), "{error}");
    let error = message(&Connectome::default(), &recordings(3, 2, 1));
    assert!(error.ends_with("frames of 2 features: the recipe takes 3 to 128 regions"), "{error}");
    let settings = Connectome { parcels: Some(parcels(&[1, 2, 3, 3])), ..Connectome::default() };
    let error = message(&settings, &recordings(3, 8, 1));
    assert!(error.contains("parcels of 4 features, but frames have 8; give the parcels of both"), "{error}");
}

#[test]
fn a_constant_region_is_named_as_the_parcels_name_it() {
    let mut dataset = recordings(3, 8, 1);
    let scan = dataset.scans()[3].clone();
    for row in scan.rows {
        dataset.values[row * 8 + 5] = 2.0;
    }
    let error = message(&Connectome::default(), &dataset);
    assert!(error.starts_with("synthetic: class01, session run01: region 6 of 8 is constant"), "{error}");
    let settings = Connectome { parcels: Some(parcels(&[1, 1, 2, 2, 3, 7, 9, 9])), ..Connectome::default() };
    let error = message(&settings, &dataset);
    assert!(error.ends_with("; the region is number 7 of the parcels, `insula`"), "{error}");
}

#[test]
fn a_region_without_a_finite_value_is_named_with_its_frame() {
    let mut dataset = recordings(3, 8, 1);
    dataset.values[2 * 8 + 1] = f32::NAN;
    let error = message(&Connectome::default(), &dataset);
    assert!(error.contains("class00, session run00: frame 3 has no finite value for region 2"), "{error}");
    let settings = Connectome { parcels: Some(parcels(&[1, 1, 2, 2, 3, 7, 9, 9])), ..Connectome::default() };
    assert!(settings.train(&dataset).is_ok(), "the other feature of its region has one");
    dataset.values[2 * 8..3 * 8].fill(f32::NAN);
    let error = message(&settings, &dataset);
    assert!(error.contains("label `class00`, session `run00`, timestep 2: the frame says nothing"), "{error}");
}

#[test]
fn a_session_of_one_frame_is_named() {
    let dataset = recordings(3, 8, 1);
    let rows: Vec<usize> = (0..dataset.rows.len()).filter(|row| !(41..80).contains(row)).collect();
    let error = message(&Connectome::default(), &dataset.select(&rows));
    assert!(error.contains("class00, session run01 has 1 frames"), "{error}");
}

#[test]
fn a_person_in_two_inputs_is_named_with_both() {
    let one = Dataset { origin: "hcp.npz".into(), ..recordings(3, 8, 1) };
    let other = Dataset { origin: "gw.npz".into(), ..recordings(2, 8, 2) };
    let error = background(vec![one.clone(), other.clone()]).unwrap_err().to_string();
    assert!(error.starts_with("label `class00` is in hcp.npz and in gw.npz"), "{error}");
    let labels = vec!["p1".to_owned(), "p2".to_owned()];
    let joined = background(vec![one, Dataset { labels, ..other }]).unwrap();
    assert_eq!(joined.labels, ["class00", "class01", "class02", "p1", "p2"]);
    assert_eq!(joined.origin, PathBuf::from("hcp.npz, gw.npz"));
}

#[test]
fn one_recording_under_two_names_is_named() {
    let mut dataset = recordings(3, 8, 1);
    let scans = dataset.scans();
    let copy = dataset.scan_values(&scans[1]).to_vec();
    dataset.values[scans[4].rows.start * 8..scans[4].rows.end * 8].copy_from_slice(&copy);
    let error = message(&Connectome::default(), &dataset);
    let same = "label `class02`, session `run00` has the same values as label `class00`, session `run01`";
    assert!(error.contains(same), "{error}");
}
