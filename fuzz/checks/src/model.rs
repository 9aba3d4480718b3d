//! Models in each of their files: what loads has the digest that it states, and nothing that runs can be changed.

use std::fs;
use std::path::Path;

use arbitrary::{Arbitrary, Unstructured};
use neural_vault::connectome::{Fitted, ImpostorTable, Parcels};
use neural_vault::dataset::RegionNumbers;
use neural_vault::graph::messages::{FunctionProto, ModelProto, NodeProto, TensorProto, TrainingInfoProto};
use neural_vault::model::{Model, Provenance, StateDict, check_tag, initial_weights, load, onnx, safetensors};
use neural_vault_core::bundle::ProvisioningKey;
use neural_vault_core::encoder::{Dims, Fill, WeightFormat};
use neural_vault_core::testing::described_bundle;
use prost::Message;

use crate::damage::{self, Damage};
use crate::recordings::{folder, is_named};

/// A sound model, and what is changed in its files.
#[derive(Arbitrary, Debug)]
struct Described<'a> {
    kind: Kind,
    is_first_version: bool,
    is_reference: bool,
    labels: Vec<&'a str>,
    sessions: Vec<&'a str>,
    window: u8,
    recipe: &'a str,
    dimension: Option<f32>,
    change: Option<Change<'a>>,
    damage: Damage,
}

#[derive(Arbitrary, Debug)]
enum Kind {
    Network { features: u8, layers: u8, positions: u8 },
    Linear { features: u8 },
    Connectome { regions: u8, features: Option<u8> },
}

/// A change of the graph, by the number of what is changed.
#[derive(Arbitrary, Debug)]
enum Change<'a> {
    NodeLeftOut(u16),
    NodeTwice(u16),
    Operator(u16, &'a str),
    Domain(u16, &'a str),
    Input(u16, u8, &'a str),
    Integer(u16, i64),
    Float(u16, f32),
    Weight(u16, u16, u8),
    Shape(u16, i64),
    Named(u16, &'a str),
    Type(u16, i32),
    Other,
    Function,
    Training,
    Set(&'a str, i64),
    NoGraph,
    Header(u16, char),
}

/// Takes `bytes` as a model in either format, as the header and the tensors of one, and as the description of one.
pub fn check(bytes: &[u8]) {
    let folder = folder();
    let (safetensors, onnx) = (folder.path().join("model.safetensors"), folder.path().join("model.onnx"));
    loaded(&safetensors, bytes);
    loaded(&safetensors, &damage::safetensors(bytes));
    loaded(&onnx, bytes);
    loaded(&folder.path().join("model.nvb"), bytes);
    loaded(&folder.path().join("model.bin"), bytes);
    if let Ok(described) = Described::arbitrary(&mut Unstructured::new(bytes)) {
        described.check(&safetensors, &onnx);
    }
}

impl Described<'_> {
    fn check(&self, safetensors: &Path, onnx: &Path) {
        let Some(model) = self.model() else { return };
        let in_safetensors = safetensors::to_bytes(&model).expect("its weights are float32");
        let proto = onnx::to_proto(&model).expect("its weights are float32");
        for (file, bytes) in [(safetensors, &in_safetensors), (onnx, &proto.encode_to_vec())] {
            let found = loaded(file, bytes).expect("what was written loads");
            assert_eq!((found.digest(), found.bytes()), (model.digest(), model.bytes()));
            assert_eq!((found.provenance(), found.fill()), (model.provenance(), model.fill()));
            loaded(file, &self.damage.of(bytes));
        }
        loads_from_all(&model, onnx.parent().expect("a file is in a folder"));
        if let Some(change) = &self.change {
            let mut changed = proto.clone();
            change.make(&mut changed);
            let found = loaded(onnx, &changed.encode_to_vec());
            // The header may be another one of the same model.
            if !matches!(change, Change::Header(..)) && changed != proto {
                assert!(found.is_none(), "{change:?} is not noticed");
            }
        }
    }

    fn model(&self) -> Option<Model> {
        let provenance = Provenance {
            labels: self.labels.iter().map(|label| (*label).to_owned()).collect(),
            training_sessions: self.sessions.iter().map(|session| (*session).to_owned()).collect(),
            window: self.window.into(),
            recipe: self.recipe.to_owned(),
            effective_dimension: self.dimension.filter(|dimension| dimension.is_finite()),
        };
        let fill = if self.is_reference { Fill::Reference } else { Fill::Mean };
        let weights = match self.kind {
            Kind::Network { features, layers, positions } => {
                let (features, positions) = (usize::from(features % 9), usize::from(positions % 5));
                let layers = usize::from(layers % 3);
                // None is a linear model, whose heads are none.
                let dims = Dims { features, d_model: 16, heads: 2, layers, feed_forward: 16, latent: 16, positions };
                StateDict { fill, ..initial_weights(dims, 7).ok().filter(|_| layers > 0)? }
            }
            Kind::Linear { features } => {
                StateDict { fill, ..initial_weights(Dims::linear(features.into(), 16, 512), 7).ok()? }
            }
            Kind::Connectome { regions, features } => {
                let regions = usize::from(regions % 8);
                let at = |at: usize| if at.is_multiple_of(regions + 1) { 2.0 } else { -0.125 };
                let whitening = (0..regions * regions).map(at).collect();
                let mean = (0..regions * regions.saturating_sub(1) / 2).map(|pair| pair as f32 * 0.01).collect();
                let impostor = ImpostorTable::new([(10, 0.02), (25, 0.05)]);
                let numbers =
                    features.map(|features| (0..i64::from(features)).map(|at| at % (regions as i64 + 1)).collect());
                let numbers = numbers.map(|numbers| RegionNumbers { numbers, ..Default::default() });
                let parcels = numbers.and_then(|numbers| Parcels::new(&[numbers]).ok());
                StateDict::connectome(Fitted { regions, whitening, mean, impostor }, parcels.as_ref())
            }
        };
        if self.is_first_version {
            let bundle = described_bundle(None, WeightFormat::F32, &weights.dims, 7, None).ok()?;
            return Model::from_bundle(neural_vault::model::Aligned::new(bundle.bytes())).ok();
        }
        Model::new(&weights, provenance).ok()
    }
}

/// Loads the model from its folder, with and without the first of its files, and from its bundle.
fn loads_from_all(model: &Model, folder: &Path) {
    let [key, other] = [[3; 32], [4; 32]].map(|bytes| ProvisioningKey::from_bytes(&bytes));
    let bundle = folder.join("model.nvb");
    fs::write(folder.join("model.onnx"), onnx::to_bytes(model).expect("its weights are float32")).expect("written");
    fs::write(folder.join("model.safetensors"), safetensors::to_bytes(model).expect("as before")).expect("written");
    fs::write(&bundle, model.to_bundle(Some(&key)).expect("a sound bundle")).expect("written");
    assert!(check_tag(&bundle, &key).is_ok() && check_tag(&bundle, &other).is_err());
    let digest = |path: &Path| *load(path).expect("what was written loads").digest();
    assert_eq!([digest(folder), digest(&bundle)], [*model.digest(); 2]);
    fs::remove_file(folder.join("model.safetensors")).expect("it is there");
    assert_eq!(digest(folder), *model.digest());
    let unnamed = folder.join("model.bin");
    fs::rename(&bundle, &unnamed).expect("it is there");
    is_named(&load(&unnamed).expect_err("no name of a model's file"), &unnamed);
}

impl Change<'_> {
    fn make(&self, proto: &mut ModelProto) {
        let graph = proto.graph.as_mut().expect("a model has a graph");
        fn one<T>(list: &mut [T], number: u16) -> Option<&mut T> {
            let length = list.len().max(1);
            list.get_mut(usize::from(number) % length)
        }
        let nodes = graph.node.len();
        match self {
            Self::NodeLeftOut(number) => drop(graph.node.remove(usize::from(*number) % nodes)),
            Self::NodeTwice(number) => {
                let node: NodeProto = graph.node[usize::from(*number) % nodes].clone();
                graph.node.push(node);
            }
            Self::Operator(number, name) => graph.node[usize::from(*number) % nodes].op_type = (*name).to_owned(),
            Self::Domain(number, name) => graph.node[usize::from(*number) % nodes].domain = (*name).to_owned(),
            Self::Input(number, input, name) => {
                let input = one(&mut graph.node[usize::from(*number) % nodes].input, (*input).into());
                input.into_iter().for_each(|input| *input = (*name).to_owned());
            }
            Self::Integer(number, value) => {
                let mut attributes: Vec<_> = graph.node.iter_mut().flat_map(|node| &mut node.attribute).collect();
                one(&mut attributes, *number).into_iter().for_each(|attribute| attribute.i = *value);
            }
            Self::Float(number, value) => {
                let mut attributes: Vec<_> = graph.node.iter_mut().flat_map(|node| &mut node.attribute).collect();
                one(&mut attributes, *number).into_iter().for_each(|attribute| attribute.f = *value);
            }
            Self::Weight(tensor, place, value) => {
                let tensor = one(&mut graph.initializer, *tensor).expect("a model has weights");
                one(&mut tensor.raw_data, *place).into_iter().for_each(|byte| *byte = *value);
            }
            Self::Shape(tensor, size) => {
                let tensor = one(&mut graph.initializer, *tensor).expect("a model has weights");
                one(&mut tensor.dims, 0).into_iter().for_each(|first| *first = *size);
            }
            Self::Named(tensor, name) => {
                one(&mut graph.initializer, *tensor).expect("a model has weights").name = (*name).to_owned();
            }
            Self::Type(tensor, kind) => {
                one(&mut graph.initializer, *tensor).expect("a model has weights").data_type = *kind
            }
            Self::Other => graph.initializer.push(TensorProto { name: "other".to_owned(), ..Default::default() }),
            Self::Function => proto.functions.push(FunctionProto::default()),
            Self::Training => proto.training_info.push(TrainingInfoProto::default()),
            Self::Set(domain, version) => {
                proto.opset_import[0].domain = (*domain).to_owned();
                proto.opset_import[0].version = *version;
            }
            Self::NoGraph => proto.graph = None,
            Self::Header(place, character) => {
                let header = &mut proto.metadata_props[0].value;
                let mut characters: Vec<char> = header.chars().collect();
                one(&mut characters, *place).into_iter().for_each(|one| *one = *character);
                *header = characters.into_iter().collect();
            }
        }
    }
}

/// Loads bytes as a model; what loads is sound, and is written and loads again to the same.
fn loaded(file: &Path, bytes: &[u8]) -> Option<Model> {
    fs::write(file, bytes).expect("a file is written");
    let model = match load(file) {
        Ok(model) => model,
        Err(error) => {
            is_named(&error, file);
            return None;
        }
    };
    let bundle = model.bundle().expect("a model is a sound bundle");
    assert_eq!((bundle.digest(), bundle.dims()), (model.digest(), *model.dims()));
    if is_onnx(file) {
        let proto = ModelProto::decode(bytes).expect("what loads is decoded");
        let written = onnx::to_proto(&model).expect("its weights are float32");
        // Models of the first version may have the graph that its program wrote.
        assert!(model.version() == 1 || proto.graph == written.graph);
        assert!(proto.opset_import == written.opset_import && proto.functions.is_empty());
    }
    // Bundles of other formats have no other file.
    let again = if is_onnx(file) { onnx::to_bytes(&model) } else { safetensors::to_bytes(&model) };
    if let Ok(again) = again {
        let file = file.with_extension(if is_onnx(file) { "onnx" } else { "safetensors" });
        fs::write(&file, again).expect("a file is written");
        let again = load(&file).expect("what was written loads");
        assert_eq!((again.digest(), again.provenance()), (model.digest(), model.provenance()));
    }
    Some(model)
}

fn is_onnx(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "onnx")
}
