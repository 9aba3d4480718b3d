//! The measured workloads, each with every engine of this machine.

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
use neural_vault_core::testing::CONNECTOME;
use neural_vault_core::verify::Threshold;

use crate::int8_onnx::dynamically_quantised;
use crate::{LATENT, Stop, normal_values, onnx_engines, random_model, unit_vector};

/// An implementation of a workload.
pub struct Contender {
    /// Its engine: `core`, `onnxruntime` and so on.
    pub name: &'static str,
    /// Runs the workload once.
    pub run: Box<dyn FnMut()>,
}

/// Regions of a connectome, as an atlas of the whole brain has (AAL2).
pub const REGIONS: usize = 94;

/// Something to compute, its implementations, and the least that any of them must do.
pub struct Workload {
    /// Its name, as in the table's rows.
    pub name: String,
    /// Its implementations, the core first.
    pub contenders: Vec<Contender>,
    /// What every implementation must do.
    pub lower_bound: LowerBound,
}

/// Work that no implementation of a workload can avoid.
#[derive(Clone, Copy)]
pub enum LowerBound {
    /// Bytes to read and, at the same time, products to add.
    Products {
        /// Bytes to read.
        bytes: usize,
        /// Products to add.
        products: usize,
        /// Whether the products are of int8; float32 otherwise.
        is_integer: bool,
    },
    /// 64-byte blocks to hash with SHA-256, one after the other.
    Hash {
        /// Number of blocks.
        blocks: usize,
    },
}

/// Largest difference between a component of the core's embedding and an engine's: both must compute the same.
const TOLERANCE: f32 = 1e-5;

/// The same for weights rounded to half precision.
const HALF_TOLERANCE: f32 = 1e-3;

/// The same where one of the two is quantised to int8.
const INT8_TOLERANCE: f32 = 0.1;

/// Embeds a window of raw frames, with the same model and one thread on every engine.
///
/// # Errors
/// When an engine refuses the model, or its embedding differs from the core's.
pub fn encode(format: WeightFormat, features: usize, window: usize) -> Result<Workload, Stop> {
    let model = random_model(features)?;
    let exact = Aligned::new(model.bytes());
    let proto = onnx::to_proto(&model)?;
    let frames: Rc<[f32]> = normal_values(window * features).into();
    let is_integer = format.largest_code().is_some();
    let tolerance = match format {
        WeightFormat::F32 | WeightFormat::I16 => TOLERANCE,
        WeightFormat::F16 => HALF_TOLERANCE,
        WeightFormat::I8I16 | WeightFormat::I8 => INT8_TOLERANCE,
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
            contenders.push(onnx_session(
                "onnxruntime int8",
                engine,
                &proto,
                &frames,
                window,
                &embedding,
                INT8_TOLERANCE,
            )?);
        }
    }
    let name = format!("encode {} {features} x {window}", format.name());
    Ok(Workload { name, contenders, lower_bound: LowerBound::Products { bytes, products, is_integer } })
}

/// Finds the best of `prototypes` prototypes for each of `queries` queries.
///
/// # Errors
/// When the gallery cannot be written or opened.
pub fn identify(format: WeightFormat, prototypes: usize, queries: usize) -> Result<Workload, Stop> {
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
    Ok(Workload {
        name: format!("identify {} {prototypes} x {queries}", format.name()),
        contenders: vec![Contender { name: "core", run }],
        lower_bound: LowerBound::Products { bytes, products: prototypes * queries * LATENT, is_integer },
    })
}

/// Embeds a scan of so many frames by how its regions covary.
///
/// # Errors
/// When the model or the embedding cannot be made.
pub fn connectome(frames: usize) -> Result<Workload, Stop> {
    let model = neural_vault_core::testing::bundle(&CONNECTOME, 1, None)?;
    let values: Rc<[f32]> = normal_values(frames * REGIONS).into();
    let mut contenders = Vec::new();
    for (name, kernel) in [("core", neural_vault_kernels::best()), ("core, portable", &Kernel::PORTABLE)] {
        contenders.extend(core(name, Aligned::new(model.bytes()), kernel, &values, frames)?.0);
    }
    // Products of frames, both products with W (above the diagonal in the second), and the inverse.
    let (triangle, square) = (REGIONS * (REGIONS + 1) / 2, REGIONS * REGIONS);
    let products = frames * triangle + square * REGIONS + triangle * REGIONS + triangle * REGIONS;
    let bytes = 4 * (values.len() + square + CONNECTOME.latent);
    let lower_bound = LowerBound::Products { bytes, products, is_integer: false };
    Ok(Workload { name: format!("connectome {frames} x {REGIONS}"), contenders, lower_bound })
}

/// Derives a prototype's 256-bit key by scheme v1 and by v2.
///
/// # Errors
/// When no key can be derived.
pub fn keys() -> Result<[Workload; 2], Stop> {
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
    // HKDF: 2 blocks for the salt, 6 for the HMAC of 256 bytes of codes, 4 to expand; v2's context takes one block
    // more.
    let workload = |scheme: &str, run, blocks| Workload {
        name: format!("key {scheme}"),
        contenders: vec![Contender { name: "core", run }],
        lower_bound: LowerBound::Hash { blocks },
    };
    Ok([workload("v1", Box::new(v1) as Box<dyn FnMut()>, 12), workload("v2", Box::new(v2), 13)])
}

/// Memory that lives until the program ends, which contenders share.
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
    let mut embedding = vec![0.0; encoder.dims().latent];
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
    check_same(name, expected, session.run(&feeds)?.output(0)?, tolerance)?;
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
        // Attention over a single frame needs no queries and keys.
        let parts = if window == 1 && name.ends_with("in_proj_weight") { 3 } else { 1 };
        bytes += tensor.length as usize / parts;
        if tensor.storage == Storage::Weight {
            // The head runs once for the whole window.
            let rows = if name.starts_with("head") { 1 } else { window };
            products += rows * tensor.shape.values() / parts;
        }
    }
    Ok((bytes, products))
}

fn check_same(engine: &str, core: &[f32], other: &[f32], tolerance: f32) -> Result<(), Stop> {
    let difference = core.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    if core.len() == other.len() && difference <= tolerance {
        Ok(())
    } else {
        Err(format!("core and {engine} differ by {difference}").into())
    }
}
