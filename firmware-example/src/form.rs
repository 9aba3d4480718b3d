//! How a model's prototypes are stored: float32 components, or a scale and an int8 code for each component.

use neural_vault_core::encoder::Dims;
use neural_vault_core::prototype;
use neural_vault_core::wire::Fault;

/// Bytes of a float.
const FLOAT: usize = size_of::<f32>();

/// The stored form of a model's prototypes, and the number of their components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    components: usize,
    /// Whether they are a scale and codes, see [`prototype`]: the form for models whose embeddings have thousands of components.
    rounded: bool,
}

impl Form {
    /// The form for a model.
    pub(crate) const fn new(dims: &Dims) -> Self {
        Self { components: dims.latent, rounded: dims.is_connectome() }
    }

    /// Components of a prototype.
    pub(crate) fn components(self) -> usize {
        self.components
    }

    /// Whether a prototype is rounded to codes.
    pub(crate) fn is_rounded(self) -> bool {
        self.rounded
    }

    /// Bytes of a stored prototype.
    pub(crate) const fn bytes(self) -> usize {
        if self.rounded { FLOAT + self.components } else { FLOAT * self.components }
    }

    /// Writes what is stored of a prototype with these components, rounded where that is the form.
    pub(crate) fn store(self, components: &[f32], content: &mut [u8]) -> Result<(), Fault> {
        let content = content.get_mut(..self.bytes()).ok_or(Fault::ModelTooLarge)?;
        if self.rounded {
            let (scale, codes) = content.split_first_chunk_mut::<FLOAT>().ok_or(Fault::ModelTooLarge)?;
            let found = prototype::round(components, bytemuck::cast_slice_mut(codes));
            *scale = found.map_err(|_| Fault::Degenerate)?.to_le_bytes();
        } else {
            for (word, component) in content.as_chunks_mut::<FLOAT>().0.iter_mut().zip(components) {
                *word = component.to_le_bytes();
            }
        }
        Ok(())
    }

    /// Reads the components of a stored prototype.
    pub(crate) fn restore(self, content: &[u8], components: &mut [f32]) -> Result<(), Fault> {
        let content = content.get(..self.bytes()).ok_or(Fault::StorageDamaged)?;
        if self.rounded {
            let (scale, codes) = content.split_first_chunk::<FLOAT>().ok_or(Fault::StorageDamaged)?;
            let restored = prototype::restore(bytemuck::cast_slice(codes), f32::from_le_bytes(*scale), components);
            return restored.map_err(|_| Fault::StorageDamaged);
        }
        for (component, word) in components.iter_mut().zip(content.as_chunks::<FLOAT>().0) {
            *component = f32::from_le_bytes(*word);
        }
        Ok(())
    }

    /// Writes what would be stored of the unit vector along the first axis.
    pub(crate) fn store_first_axis(self, content: &mut [u8]) -> Result<(), Fault> {
        let content = content.get_mut(..self.bytes()).ok_or(Fault::ModelTooLarge)?;
        content.fill(0);
        let (word, rest) = content.split_first_chunk_mut::<FLOAT>().ok_or(Fault::ModelTooLarge)?;
        *word = 1f32.to_le_bytes();
        if let (true, Some(code)) = (self.rounded, rest.first_mut()) {
            *code = 1;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    fn through(form: Form, components: &[f32]) -> Vec<f32> {
        let (mut content, mut restored) = (vec![0xee; form.bytes()], vec![0.0; components.len()]);
        form.store(components, &mut content).unwrap();
        form.restore(&content, &mut restored).unwrap();
        restored
    }

    #[test]
    fn floats_come_back_as_they_were_and_codes_as_they_are_rounded() {
        let components = [12.7, -0.04, 3.12, 0.06];
        let [floats, codes] = [false, true].map(|rounded| Form { components: 4, rounded });
        assert_eq!((floats.bytes(), codes.bytes()), (16, 8));
        assert_eq!((floats.is_rounded(), codes.is_rounded()), (false, true));
        assert_eq!(Form::new(&Dims::connectome(9, 4)), Form { components: 6, rounded: true });
        assert_eq!(through(floats, &components), components);
        let rounded = through(codes, &components);
        assert!(
            rounded.iter().zip([12.7, 0.0, 3.1, 0.1]).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6),
            "{rounded:?}"
        );
        assert_eq!(through(codes, &rounded), rounded);
    }

    #[test]
    fn the_first_axis_is_a_unit_vector_in_both_forms() {
        for rounded in [false, true] {
            let form = Form { components: 5, rounded };
            let (mut content, mut restored) = (vec![0xee; form.bytes()], [2.0; 5]);
            form.store_first_axis(&mut content).unwrap();
            form.restore(&content, &mut restored).unwrap();
            assert_eq!(restored, [1.0, 0.0, 0.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn a_prototype_without_direction_or_room_is_refused() {
        let form = Form { components: 3, rounded: true };
        assert_eq!(form.store(&[0.0; 3], &mut [0; 7]), Err(Fault::Degenerate));
        assert_eq!(form.store(&[1.0; 3], &mut [0; 6]), Err(Fault::ModelTooLarge));
        assert_eq!(form.restore(&[0; 7], &mut [0.0; 3]), Err(Fault::StorageDamaged));
        assert_eq!(form.restore(&[0; 6], &mut [0.0; 3]), Err(Fault::StorageDamaged));
    }
}
