//! Parcels: the region of each feature, and the means over regions.

use std::collections::BTreeSet;
use std::path::Path;

use neural_vault_core::encoder::MAX_REGIONS;
use serde::{Deserialize, Serialize};

use crate::dataset::{DatasetError, RegionNumbers, read_region_numbers};
use crate::escape::{self, Escaped};

/// Fewest regions.
pub const MIN_REGIONS: usize = 3;

/// The region that each feature belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Parcels {
    /// The region of each feature, from 1 without a gap; 0 is no region.
    numbers: Vec<u8>,
    /// The regions in order.
    regions: Vec<Region>,
}

/// Parcels as a document holds them, which are checked before they are used.
#[derive(Deserialize)]
struct Stored {
    numbers: Vec<u8>,
    regions: Vec<Region>,
}

/// A region as the file of parcels names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Region {
    number: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// Why features have no regions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParcelsError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] DatasetError),
    /// There are too few regions, or too many.
    #[error("the parcels have {regions} regions; the recipe takes {MIN_REGIONS} to {MAX_REGIONS}")]
    Regions {
        /// The regions.
        regions: usize,
    },
    /// The parcels are not of these recordings.
    #[error("parcels of {given} features, but frames have {features}")]
    Length {
        /// Features of the parcels.
        given: usize,
        /// Features of the recordings.
        features: usize,
    },
}

impl Parcels {
    /// Reads files of region numbers whose features follow each other, such as those of a left and a right hemisphere.
    ///
    /// Numbers need not be without gaps: regions are those that occur, in ascending order. Equal numbers in two files are
    /// two regions, since label files of both hemispheres use the same numbers. Also returns notes on regions without a feature.
    ///
    /// # Errors
    /// [`ParcelsError`], naming what is wrong and where.
    pub fn read<P: AsRef<Path>>(files: &[P]) -> Result<(Self, Vec<String>), ParcelsError> {
        let read = files.iter().map(|file| read_region_numbers(file.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let empty = files.iter().zip(&read).filter_map(|(file, numbers)| Some((file, numbers.empty_regions()?)));
        let notes = empty.map(|(file, empty)| format!("{}: {empty}", escape::path(file.as_ref()))).collect();
        Ok((Self::new(&read)?, notes))
    }

    /// As [`Parcels::read`], of what the files hold.
    ///
    /// # Errors
    /// When there are fewer than three regions, or more than the core takes.
    pub fn new(files: &[RegionNumbers]) -> Result<Self, ParcelsError> {
        let mut regions: Vec<Region> = Vec::new();
        let mut numbers: Vec<usize> = Vec::new();
        for RegionNumbers { numbers: own, names } in files {
            let present: BTreeSet<i64> = own.iter().copied().filter(|&number| number > 0).collect();
            let present: Vec<i64> = present.into_iter().collect();
            let before = regions.len();
            let region = |number: &i64| present.binary_search(number).map_or(0, |at| before + at + 1);
            numbers.extend(own.iter().map(region));
            regions.extend(present.iter().map(|&number| Region { number, name: names.get(&number).cloned() }));
        }
        let count = regions.len();
        if !(MIN_REGIONS..=MAX_REGIONS).contains(&count) {
            return Err(ParcelsError::Regions { regions: count });
        }
        let numbers = numbers.into_iter().map(u8::try_from).collect::<Result<_, _>>();
        Ok(Self { numbers: numbers.map_err(|_| ParcelsError::Regions { regions: count })?, regions })
    }

    /// The region of each feature, from 1; 0 is no region.
    #[must_use]
    pub fn numbers(&self) -> &[u8] {
        &self.numbers
    }

    /// How many regions there are.
    #[must_use]
    pub fn regions(&self) -> usize {
        self.regions.len()
    }

    /// Whether each feature is a region of its own, so that nothing is averaged.
    #[must_use]
    pub fn is_trivial(&self) -> bool {
        self.numbers.len() == self.regions.len()
    }

    /// Features that belong to no region.
    #[must_use]
    pub fn outside(&self) -> usize {
        self.numbers.iter().filter(|&&number| number == 0).count()
    }

    /// Checks that these are parcels of frames of so many features.
    ///
    /// # Errors
    /// [`ParcelsError::Length`].
    pub fn check_features(&self, features: usize) -> Result<(), ParcelsError> {
        match self.numbers.len() {
            given if given == features => Ok(()),
            given => Err(ParcelsError::Length { given, features }),
        }
    }

    /// Region `region` (from 1) by the number and the name that it has in the file.
    #[must_use]
    pub fn describe(&self, region: usize) -> String {
        match region.checked_sub(1).and_then(|at| self.regions.get(at)) {
            Some(Region { number, name: Some(name) }) => format!("number {number} of the parcels, `{}`", Escaped(name)),
            Some(Region { number, name: None }) => format!("number {number} of the parcels"),
            None => "no region of the parcels".to_owned(),
        }
    }

    /// The mean over each region's finite values, frames x regions; NaN where a region has none.
    ///
    /// `frames` are frames x features, of which there are as many as the parcels have.
    #[must_use]
    pub fn average(&self, frames: &[f32]) -> Vec<f32> {
        let regions = self.regions.len();
        let mut averaged = Vec::with_capacity(frames.len() / self.numbers.len().max(1) * regions);
        let (mut sums, mut counts) = (vec![0.0; regions + 1], vec![0.0; regions + 1]);
        for frame in frames.chunks_exact(self.numbers.len().max(1)) {
            sums.fill(0.0);
            counts.fill(0.0);
            for (value, &region) in frame.iter().zip(&self.numbers) {
                if value.is_finite() {
                    sums[usize::from(region)] += f64::from(*value);
                    counts[usize::from(region)] += 1.0;
                }
            }
            averaged.extend(sums.iter().zip(&counts).skip(1).map(|(sum, count): (&f64, &f64)| (sum / count) as f32));
        }
        averaged
    }
}

impl TryFrom<Stored> for Parcels {
    type Error = String;

    fn try_from(Stored { numbers, regions }: Stored) -> Result<Self, Self::Error> {
        let mut present: BTreeSet<usize> = numbers.iter().copied().map(usize::from).collect();
        present.remove(&0);
        if !(MIN_REGIONS..=MAX_REGIONS).contains(&regions.len()) || !present.into_iter().eq(1..=regions.len()) {
            return Err(format!("the numbers of the parcels are not those of {} regions", regions.len()));
        }
        Ok(Self { numbers, regions })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parcels_of_a_document_have_the_regions_that_they_name() {
        let parcels = Parcels::new(&[numbers(&[3, 1, 0, 2, 2])]).unwrap();
        let document = serde_json::to_string(&parcels).unwrap();
        assert_eq!(serde_json::from_str::<Parcels>(&document).unwrap(), parcels);
        for other in ["[3,1,0,2,4]", "[1,1,0,2,2]", "[]"] {
            let changed = document.replace("[3,1,0,2,2]", other);
            assert_ne!(changed, document);
            let message = serde_json::from_str::<Parcels>(&changed).unwrap_err().to_string();
            assert!(message.contains("not those of 3 regions"), "{message}");
        }
    }

    fn numbers(numbers: &[i64]) -> RegionNumbers {
        RegionNumbers { numbers: numbers.to_vec(), ..RegionNumbers::default() }
    }

    #[test]
    fn numbers_with_gaps_become_regions_in_ascending_order() {
        let parcels = Parcels::new(&[numbers(&[1005, 0, 17, -1, 17, 2])]).unwrap();
        assert_eq!(parcels.numbers(), [3, 0, 2, 0, 2, 1]);
        assert_eq!((parcels.regions(), parcels.outside()), (3, 2));
        assert_eq!(parcels.describe(3), "number 1005 of the parcels");
    }

    #[test]
    fn equal_numbers_of_two_hemispheres_are_two_regions() {
        let mut left = numbers(&[0, 1, 2]);
        left.names.insert(2, "bankssts".to_owned());
        let parcels = Parcels::new(&[left, numbers(&[1, 1, 2])]).unwrap();
        assert_eq!(parcels.numbers(), [0, 1, 2, 3, 3, 4]);
        assert_eq!(parcels.describe(2), "number 2 of the parcels, `bankssts`");
    }

    #[test]
    fn too_few_and_too_many_regions_are_refused() {
        let many: Vec<i64> = (1..=129).collect();
        for (given, count) in [(&[0, 1, 2, 1][..], "2"), (&[0, 0], "0"), (&many, "129")] {
            let error = Parcels::new(&[numbers(given)]).unwrap_err().to_string();
            assert_eq!(error, format!("the parcels have {count} regions; the recipe takes 3 to 128"));
        }
        assert_eq!(Parcels::new(&[numbers(&many[..128])]).unwrap().regions(), 128);
    }

    #[test]
    fn parcels_of_other_recordings_are_refused() {
        let parcels = Parcels::new(&[numbers(&[1, 2, 3, 3])]).unwrap();
        assert!(parcels.check_features(4).is_ok());
        let error = parcels.check_features(8).unwrap_err().to_string();
        assert_eq!(error, "parcels of 4 features, but frames have 8");
    }

    #[test]
    fn the_mean_of_a_region_leaves_out_what_is_not_finite() {
        let parcels = Parcels::new(&[numbers(&[1, 2, 2, 0, 3])]).unwrap();
        let averaged = parcels.average(&[1.0, 2.0, 4.0, 9.0, f32::NAN, 5.0, f32::INFINITY, 6.0, 9.0, 7.0]);
        assert_eq!(averaged[..2], [1.0, 3.0]);
        assert!(averaged[2].is_nan());
        assert_eq!(averaged[3..], [5.0, 6.0, 7.0]);
    }
}
