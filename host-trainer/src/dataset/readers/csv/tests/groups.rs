//! Rows of one scan, and the features in them.

use super::*;

#[test]
fn timesteps_that_come_in_several_parts_are_noted() {
    let part = |cells: &str| -> String {
        let frames = [("a", 0), ("a", 1), ("b", 0), ("b", 1)];
        frames.iter().map(|(label, time)| cells.replace('@', &format!("{label},{time}"))).collect()
    };
    let notes = |header: &str, parts: [&str; 2]| {
        let text = format!("video,timestep,{header}\n{}{}", part(parts[0]), part(parts[1]));
        load_as("parts.csv", text.as_bytes()).unwrap().notes.join("\n")
    };
    let found = notes("prediction", ["@,1\n@,2\n", "@,3\n@,4\n"]);
    assert!(found.contains("in 2 places of 2 lines and are taken as one frame of 4 features"), "{found}");
    // A table written feature by feature, and one that names its features.
    assert_eq!(notes("prediction", ["@,1\n", "@,3\n"]), "");
    assert_eq!(notes("vertex,prediction", ["@,l1,1\n@,l2,2\n", "@,r1,3\n@,r2,4\n"]), "");
}

#[test]
fn a_column_of_features_orders_the_values() {
    let text = "video,timestep,vertex,prediction\na,0,10,3\na,0,9,2\na,0,1,1\na,1,1,4\na,1,9,5\na,1,10,6\n";
    assert_eq!(load_as("v.csv", text.as_bytes()).unwrap().values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    for name in ["Vertex_ID", "voxel", "feature", "channel index", "Node", "variable", "ROI", "region"] {
        let text = format!("video,timestep,{name},prediction\na,0,b,2\na,0,a,1\n");
        assert_eq!(load_as("v.csv", text.as_bytes()).unwrap().values, [1.0, 2.0], "{name}");
    }
    for name in ["index", "note", "vertexx", "nodding"] {
        let text = format!("video,timestep,{name},prediction\na,0,b,2\na,0,a,1\n");
        assert_eq!(load_as("v.csv", text.as_bytes()).unwrap().values, [2.0, 1.0], "{name}");
    }
}

#[test]
fn several_columns_may_name_a_feature_together() {
    let text = "video,timestep,hemi,vertex,prediction\na,0,R,0,3\na,0,R,1,4\na,0,L,1,2\na,0,L,0,1\n";
    assert_eq!(load_as("h.csv", text.as_bytes()).unwrap().values, [1.0, 2.0, 3.0, 4.0]);
    let text = "video,timestep,x,y,z,prediction\na,0,1,0,0,3\na,0,0,0,10,2\na,0,0,0,9,1\n";
    assert_eq!(load_as("xyz.csv", text.as_bytes()).unwrap().values, [1.0, 2.0, 3.0]);
}

#[test]
fn groups_of_other_features_are_refused_by_name() {
    let header = "video,session,timestep,vertex,prediction\n";
    let whole = |session: &str| format!("a,{session},0,1,0\na,{session},0,2,0\na,{session},0,3,0\n");
    let lacking = format!("{header}{}a,r2,0,1,0\na,r2,0,3,0\n{}", whole("r1"), whole("r3"));
    let other = format!("{header}{}{}a,r3,0,4,0\n", whole("r1"), whole("r2") + &whole("r3"));
    let twice = format!("{header}{}a,r1,0,2,0\n", whole("r1"));
    let again = format!("{header}{}{}", whole("r1"), whole("r1"));
    let empty = format!("{header}a,r1,0,,0\n");
    let cut = format!("{header}{}a,r2,0,1,0\na,r2,0,2,0", whole("r1"));
    let cases = [
        (
            "lacking.csv",
            lacking,
            "line 5: label `a`, session `r2`, timestep 0 has no value of vertex `2`, which most others have;",
        ),
        (
            "other.csv",
            other,
            "line 8: label `a`, session `r3`, timestep 0 has a value of vertex `4`, which most others have not;",
        ),
        (
            "twice.csv",
            twice,
            "line 5: label `a`, session `r1`, timestep 0 has a second value of vertex `2`; remove one, or",
        ),
        ("again.csv", again, "line 5: label `a`, session `r1`, timestep 0 is there a second time"),
        ("empty.csv", empty, "line 2, column `vertex`: `` is not a feature"),
        ("cut.csv", cut, "line 6: the file ends in the middle of the line"),
    ];
    for (name, text, expected) in cases {
        let message = message(name, text.as_bytes());
        assert!(message.starts_with(&format!("{name}: {expected}")), "{message}");
    }
}
