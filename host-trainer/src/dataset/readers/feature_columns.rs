//! Which columns of a long table name the feature of a value.

/// Names of columns that number the features, the more particular first; in any case, with `id`, `index` and the like
/// after them or not. `variable` is what `pandas.melt` calls them.
const FEATURES: &[&str] = &[
    "vertex",
    "vertices",
    "grayordinate",
    "greyordinate",
    "voxel",
    "feature",
    "variable",
    "parcel",
    "roi",
    "electrode",
    "sensor",
    "channel",
    "component",
    "dimension",
    "neuron",
    "node",
    "region",
];
const ENDINGS: &[&str] = &["s", "id", "ids", "index", "idx", "number", "num", "nr", "no", "name", "label"];
/// Columns that number the features together with one of those.
const HEMISPHERES: &[&str] = &["hemi", "hemisphere"];
/// Columns that number the features together.
const COORDINATES: &[[&str; 3]] = &[["x", "y", "z"], ["i", "j", "k"]];

/// Those of `names` that name the feature, the one that counts most first; none where the order of the rows does.
pub(super) fn feature_columns<'n>(names: &[&'n str]) -> Vec<&'n str> {
    let find = |wanted: &str| names.iter().copied().find(|name| name.eq_ignore_ascii_case(wanted));
    let named = FEATURES.iter().find_map(|feature| names.iter().copied().find(|name| numbers(name, feature)));
    if let Some(name) = named {
        return HEMISPHERES.iter().copied().find_map(find).into_iter().chain([name]).collect();
    }
    let coordinates = COORDINATES.iter().map(|wanted| wanted.iter().copied().filter_map(find).collect());
    coordinates.into_iter().find(|found: &Vec<&str>| found.len() == 3).unwrap_or_default()
}

/// Whether a column of this name numbers the features as `feature`.
fn numbers(name: &str, feature: &str) -> bool {
    let letters: String = name.chars().filter(|character| character.is_alphanumeric()).collect();
    let rest = letters.to_lowercase();
    let rest = rest.strip_prefix(feature);
    rest.is_some_and(|rest| rest.is_empty() || ENDINGS.contains(&rest))
}
