//! What holds for any text and any table.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), gz in any::<bool>()) {
        let _ = load_as(if gz { "noise.csv.gz" } else { "noise.csv" }, &bytes);
    }

    #[test]
    fn random_lines_never_panic(text in "(video|session|timestep|prediction|,|\n|\r|\"|[0-9.-]|a| ){0,120}") {
        let text = format!("video,timestep,prediction\n{text}");
        let _ = load_as("noise.csv", text.as_bytes());
    }

    #[test]
    fn separator_encoding_and_line_ends_do_not_matter(
        values in prop::collection::vec(-1000.0_f32..1000.0, 12),
        names in prop::collection::btree_set("[a-zé][a-z0-9é \"]{0,3}[a-z]", 2),
        separator in prop::sample::select(vec![",", ";", "\t", "|"]),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        encoding in 0..5_usize,
        before in prop::sample::select(vec!["", "# a comment", "sep"]),
        (packed, decimal_comma, blank) in any::<(bool, bool, bool)>(),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let table = |separator: &str, comma: bool, end: &str| {
            let mut text = ["video", "timestep", "prediction"].join(separator) + end;
            for (k, value) in values.iter().enumerate() {
                let name = names[k / 6].replace('"', "\"\"");
                let value = if comma { format!("{value:?}").replace('.', ",") } else { format!("{value:?}") };
                let blank = if blank { end } else { "" };
                text += &format!("{blank}\"{name}\"{separator}{}{separator}{value}{end}", k / 3 % 2);
            }
            text
        };
        let plain = load_as("plain.csv", table(",", false, "\n").as_bytes()).unwrap();
        let before = match before {
            "sep" => format!("sep={separator}{end}"),
            "" => String::new(),
            comment => format!("{comment}{end}"),
        };
        let text = before + &table(separator, decimal_comma && separator != ",", end);
        let bytes: Vec<u8> = match encoding {
            0 => text.into_bytes(),
            1 => ("\u{feff}".to_owned() + &text).into_bytes(),
            2 => ("\u{feff}".to_owned() + &text).encode_utf16().flat_map(u16::to_le_bytes).collect(),
            3 => ("\u{feff}".to_owned() + &text).encode_utf16().flat_map(u16::to_be_bytes).collect(),
            _ => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        };
        let read = load_as("other.csv", &if packed { gzip(&bytes) } else { bytes }).unwrap();
        prop_assert_eq!(Dataset { origin: plain.origin.clone(), ..read }, plain);
    }

    #[test]
    fn interleaving_of_groups_does_not_matter(
        (features, order) in (1..5_usize).prop_flat_map(|features| {
            let lines: Vec<usize> = (0..6).flat_map(|group| vec![group; features]).collect();
            (Just(features), Just(lines).prop_shuffle())
        }),
    ) {
        let mut next = [0; 6];
        let mut text = String::from("video,timestep,prediction\n");
        for group in order {
            text += &format!("{},{},{}\n", ["b", "a"][group % 2], group / 2, group * 10 + next[group]);
            next[group] += 1;
        }
        let dataset = load_as("shuffled.csv", text.as_bytes()).unwrap();
        let expected: Vec<f32> = [1, 3, 5, 0, 2, 4]
            .iter()
            .flat_map(|group| (0..features).map(move |k| (group * 10 + k) as f32))
            .collect();
        prop_assert_eq!(dataset.values, expected);
    }

    #[test]
    fn values_are_rounded_correctly(value in any::<f32>().prop_filter("a number", |value| value.is_finite())) {
        let dataset: Dataset = load_as("one.csv", format!("video,timestep,prediction\na,0,{value:?}\n").as_bytes()).unwrap();
        prop_assert_eq!(dataset.values[0].to_bits(), value.to_bits());
    }
}
