//! `convert`: formats, cleaning, and what is refused.

use serde_json::json;

use super::folder::Folder;
use super::samples::npy;

const SCANS: &str = "video,session,timestep,prediction\n\
                     a,r1,0,1\na,r1,1,2\na,r1,2,4\na,r2,0,7\na,r2,1,8\na,r2,2,9\nb,r1,0,5\n";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("scans.csv", SCANS);
    folder
}

/// The last column of a CSV file.
fn values(folder: &Folder, name: &str) -> Vec<f32> {
    let text = String::from_utf8(folder.read(name)).unwrap();
    text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn recordings_are_cleaned_each_by_itself() {
    let folder = folder();
    let run = folder.does(&["convert", "scans.csv", "-o", "z.csv", "--zscore", "--json"]);
    let value = run.json();
    assert_eq!((&value["schema"], &value["recordings"]), (&json!("neural-vault/convert/1"), &json!(3)));
    assert_eq!((&value["zscored"], &value["detrended"]), (&json!(true), &json!(false)));
    assert!(run.stderr.contains("1 recordings of one frame are written as they are"), "{}", run.stderr);
    let scores = values(&folder, "z.csv");
    // The mean of 1, 2 and 4 is 7/3, their deviation the root of 7/3.
    let expected = [-0.872_871_6, -0.218_217_9, 1.091_089_5, -1.0, 0.0, 1.0, 5.0];
    assert!(scores.iter().zip(expected).all(|(score, expected)| (score - expected).abs() < 1e-6), "{scores:?}");

    folder.does(&["convert", "scans.csv", "-o", "d.csv", "--detrend"]);
    let rest = values(&folder, "d.csv");
    let expected = [1.0 / 6.0, -1.0 / 3.0, 1.0 / 6.0, 0.0, 0.0, 0.0, 5.0];
    assert!(rest.iter().zip(expected).all(|(rest, expected)| (rest - expected).abs() < 1e-6), "{rest:?}");
}

#[test]
fn what_is_there_is_replaced_only_when_forced_and_an_input_never() {
    let folder = folder();
    folder.does(&["convert", "scans.csv", "-o", "out.npz"]);
    folder.refuses(&["convert", "scans.csv", "-o", "out.npz"], 2, &["out.npz", "--force"]);
    folder.does(&["convert", "scans.csv", "-o", "out.npz", "--force"]);
    folder.refuses(&["convert", "scans.csv", "-o", "scans.csv", "--force"], 2, &["is an input of this command"]);
    folder.refuses(&["convert", "out.npz", "scans.csv", "-o", "./out.npz", "--force"], 2, &["is an input"]);
}

#[test]
fn an_unknown_ending_is_refused_before_the_recordings_are_read() {
    let folder = folder();
    folder.refuses(
        &["convert", "absent.csv", "-o", "out.mat"],
        2,
        &["out.mat: unknown kind of output", ".npz, .parquet"],
    );
    folder.refuses(&["convert", "scans.csv", "-o", "absent/out.npz"], 7, &["absent/out.npz"]);
}

#[test]
fn a_volume_without_a_mask_and_a_lone_hemisphere_say_what_to_do() {
    let folder = folder();
    folder.write("scan.nii", vec![0; 400]);
    folder.refuses(&["convert", "scan.nii", "-o", "out.npz"], 3, &["its voxels need a mask: give --mask MASK.nii.gz"]);
    folder.write("face_hemi-R.gii", "<GIFTI NumberOfDataArrays=\"0\"></GIFTI>");
    folder.refuses(&["convert", "face_hemi-R.gii", "-o", "out.npz"], 3, &["face_hemi-R.gii"]);
}

#[test]
fn events_need_the_time_between_frames() {
    let folder = Folder::new();
    folder.write("clip_bold.npy", npy(&[4, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 9.0]));
    folder.write("clip_events.tsv", "onset\tduration\ttrial_type\n2\t2\tface\n4\t4\thouse\n");
    let says = ["clip_bold.npy: the time between its frames is not known", "give --tr SECONDS, or --events none"];
    folder.refuses(&["inspect", "clip_bold.npy"], 3, &says);
    let value = folder.does(&["inspect", "clip_bold.npy", "--tr", "2", "--json"]).json();
    assert_eq!((&value["labels"], &value["sessions"]), (&json!(["face", "house"]), &json!(["clip_bold"])));
    let value = folder.does(&["inspect", "clip_bold.npy", "--events", "none", "--json"]).json();
    assert_eq!(value["labels"], json!(["clip_bold"]));
    folder.refuses(&["inspect", "clip_bold.npy", "--tr", "0"], 2, &["is not a number of seconds above 0"]);
}
