//! What is measured, and who does it: each work with every engine that this machine has.

use std::hint::black_box;
use std::rc::Rc;

use neural_vault::engine::{Data, Device, Engine, Feed};
use neural_vault::graph::messages::ModelProto;
use neural_vault::model::{Aligned, onnx};
use neural_vault_core::bundle::{Bundle, Storage};
use neural_vault_core::encoder::{Encoder, WeightFormat};
use neural_vault_core::identify::{Entry, Gallery, Match, ProbeWindows, write};
use neural_vault_core::kernel::Kernel;
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyContext, derive_v1, derive_v2};
use neural_vault_core::verify::Threshold;

use crate::int8_onnx::dynamically_quantised;
use crate::{LATENT, Stop, normal_values, onnx_engines, random_model, unit_vector};

/// One who does a work.
pub struct Contender {
    /// Who: `core`, `onnxruntime` and so on.
    pub name: &'static str,
    /// Does it once.
    pub run: Box<dyn FnMut()>,
}

/// Something to do, and the least it takes.
pub struct Work {
    /// What it is.
    pub name: String,
    /// Who does it, the core first.
    pub contenders: Vec<Contender>,
    /// What it takes at least.
    pub least: Least,
}

/// What no one can do a work without.
#[derive(Clone, Copy)]
pub enum Least {
    /// Bytes that must be read and products that must be added, at once.
    Products {
        /// Bytes to read.
        bytes: usize,
        /// Products to add.
        products: usize,
        /// Whether they are of int8.
        is_integer: bool,
    },
    /// Blocks of 64 bytes that must be hashed by SHA-256, one after the other.
    Hash {
        /// How many.
        blocks: usize,
    },
}

/// Largest difference between embeddings of one window by core and by an engine: both must have done the same work.
const TOLERANCE: f32 = 1e-5;

/// The same where the core's weights are rounded to half precision.
const HALF: f32 = 1e-3;

/// The same where one of the two is quantised to int8.
const LOOSE: f32 = 0.1;

/// A window of raw frames to its embedding, with one thread and the same model.
///
/// # Errors
/// When an engine refuses the model, or its embedding is not the core's.
pub fn encode(format: WeightFormat, features: usize, window: usize) -> Result<Work, Stop> {
    let model = random_model(features)?;
    let exact = Aligned::new(model.bytes());
    let proto = onnx::to_proto(&model)?;
    let frames: Rc<[f32]> = normal_values(window * features).into();
    let is_integer = format.largest_code().is_some();
    let tolerance = match format {
        WeightFormat::F32 | WeightFormat::I16 => TOLERANCE,
        WeightFormat::F16 => HALF,
        WeightFormat::I8I16 | WeightFormat::I8 => LOOSE,
    };
    let stored = match format {
        WeightFormat::F32 => exact,
        _ => Aligned::new(model.quantise(format, &normal_values(16 * features))?.bytes()),
    };
    let (bytes, products) = size(&stored, window)?;
    let best = neural_vault_kernels::best();
    let (mut core, embedding) = core("core", stored.clone(), best, &frames, window)?;
    core.extend(self::core("core, portable", stored, &Kernel::PORTABLE, &frames, window)?.0);
    let mut contenders = core;
    for engine in onnx_engines() {
        let name = engine.name();
        contenders.push(onnx_session(name, engine, &proto, &frames, window, &embedding, tolerance)?);
        if is_integer && engine == Engine::OnnxRuntime(Device::Cpu) {
            let proto = dynamically_quantised(&proto);
            contenders.push(onnx_session("onnxruntime int8", engine, &proto, &frames, window, &embedding, LOOSE)?);
        }
    }
    let name = format!("encode {} {features} x {window}", format.name());
    Ok(Work { name, contenders, least: Least::Products { bytes, products, is_integer } })
}

/// The best of `prototypes` for each of `queries`.
///
/// # Errors
/// When the gallery cannot be written or opened.
pub fn identify(format: WeightFormat, prototypes: usize, queries: usize) -> Result<Work, Stop> {
    let vectors: Vec<Vec<f32>> = (0..997).map(unit_vector).collect();
    let threshold = Threshold::new(0.5)?;
    let entry = |prototype: &'static [f32]| Entry { label: "", threshold, prototype };
    let vectors: &'static [Vec<f32>] = Vec::leak(vectors);
    let entries: Vec<Entry<'_>> = vectors.iter().cycle().take(prototypes).map(|vector| entry(vector)).collect();
    let bytes = leaked(Aligned::new(&write(format, &[0; 32], ProbeWindows { window: 1, windows: 0 }, &entries)?));
    let gallery = Gallery::open(bytes)?;
    let probes: Vec<f32> = (0..queries as u64).flat_map(|seed| unit_vector(10_000 + seed)).collect();
    let kernel = neural_vault_kernels::best();
    let mut matches = vec![Match { index: 0, score: 0.0 }; queries];
    gallery.identify(&probes, &mut matches, kernel)?;
    let run = Box::new(move || {
        let _ = gallery.identify(black_box(&probes), black_box(&mut matches), kernel);
    });
    let is_integer = format.largest_code().is_some();
    let bytes = prototypes * if is_integer { LATENT + 4 } else { 4 * LATENT };
    Ok(Work {
        name: format!("identify {} {prototypes} x {queries}", format.name()),
        contenders: vec![Contender { name: "core", run }],
        least: Least::Products { bytes, products: prototypes * queries * LATENT, is_integer },
    })
}

/// A prototype to its 256-bit key: `key v1` and `key v2`.
///
/// # Errors
/// When no key can be derived.
pub fn keys() -> Result<[Work; 2], Stop> {
    let prototype = unit_vector(1);
    let secret = DeviceSecret::from_bytes(&[7; 32]);
    let context = KeyContext { model_digest: &[1; 32], enrolment_id: &[2; 16], application: b"bench" };
    let mut buffer = KeyBuffer::empty();
    derive_v2(&prototype, &secret, &context, &mut buffer)?;
    let (copy, mut key) = (prototype.clone(), [0; 32]);
    let v1 = move || _ = black_box(derive_v1(black_box(&copy), black_box(&mut key)));
    let v2 = move || {
        black_box(derive_v2(black_box(&prototype), &secret, &context, &mut buffer).is_ok());
    };
    // The salt is two blocks, HMAC of 256 bytes of codes under it 6; the key's part is 4, or 5 where what it is bound to
    // needs one more.
    let work = |scheme: &str, run, blocks| Work {
        name: format!("key {scheme}"),
        contenders: vec![Contender { name: "core", run }],
        least: Least::Hash { blocks },
    };
    Ok([work("v1", Box::new(v1) as Box<dyn FnMut()>, 12), work("v2", Box::new(v2), 13)])
}

/// Memory that contenders share for as long as the program runs.
fn leaked(bytes: Aligned) -> &'static [u8] {
    Box::leak(Box::new(bytes))
}

fn core(
    name: &'static str,
    bundle: Aligned,
    kernel: &'static Kernel,
    frames: &Rc<[f32]>,
    window: usize,
) -> Result<(Vec<Contender>, Vec<f32>), Stop> {
    let encoder = Bundle::open(leaked(bundle))?.encoder().with_kernel(kernel);
    let mut scratch = vec![0.0; Encoder::scratch_len(encoder.dims(), window)];
    let mut embedding = vec![0.0; LATENT];
    encoder.embed_window(frames, &mut scratch, &mut embedding)?;
    let (frames, first) = (Rc::clone(frames), embedding.clone());
    let run = Box::new(move || {
        let _ = encoder.embed_window(black_box(&frames), &mut scratch, black_box(&mut embedding));
    });
    Ok((vec![Contender { name, run }], first))
}

fn onnx_session(
    name: &'static str,
    engine: Engine,
    proto: &ModelProto,
    frames: &Rc<[f32]>,
    window: usize,
    expected: &[f32],
    tolerance: f32,
) -> Result<Contender, Stop> {
    let mut session = engine.open(proto, 1)?;
    let frames = Rc::clone(frames);
    let shape = [1, window, frames.len() / window];
    let feeds = [Feed { name: onnx::INPUT, shape: &shape, data: Data::F32(&frames) }];
    same(name, expected, session.run(&feeds)?.output(0)?, tolerance)?;
    let run = Box::new(move || {
        let feeds = [Feed { name: onnx::INPUT, shape: &shape, data: Data::F32(black_box(&frames)) }];
        black_box(session.run(&feeds).is_ok());
    });
    Ok(Contender { name, run })
}

/// Bytes of a bundle that an encode reads, and the products it adds.
fn size(bundle: &[u8], window: usize) -> Result<(usize, usize), Stop> {
    let bundle = Bundle::open(bundle)?;
    let mut bytes = 4 * window * bundle.dims().features;
    let mut products = 0;
    for tensor in bundle.tensors().filter(|tensor| tensor.name != *"pos.pe") {
        let name = tensor.name.to_string();
        // A lone frame needs no queries and keys.
        let parts = if window == 1 && name.ends_with("in_proj_weight") { 3 } else { 1 };
        bytes += tensor.length as usize / parts;
        if tensor.storage == Storage::Weight {
            // The head has one row whatever the window.
            let rows = if name.starts_with("head") { 1 } else { window };
            products += rows * tensor.shape.values() / parts;
        }
    }
    Ok((bytes, products))
}

fn same(engine: &str, core: &[f32], other: &[f32], tolerance: f32) -> Result<(), Stop> {
    let difference = core.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    if core.len() == other.len() && difference <= tolerance {
        Ok(())
    } else {
        Err(format!("core and {engine} differ by {difference}").into())
    }
}
