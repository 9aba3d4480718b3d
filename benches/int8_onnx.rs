//! The encoder's graph with int8 products, as ONNX Runtime's dynamic quantisation writes it.
//!
//! `onnxruntime.quantization.quantize_dynamic` with one scale per weight channel turns each product into
//! DynamicQuantizeLinear, MatMulInteger, Cast and Mul, which ONNX Runtime fuses into one operator when it loads the graph.

use neural_vault::graph::messages::attribute_proto::AttributeType;
use neural_vault::graph::messages::tensor_proto::DataType;
use neural_vault::graph::messages::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

/// `model` with every Gemm over stored weights in int8.
pub fn dynamically_quantised(model: &ModelProto) -> ModelProto {
    let mut model = model.clone();
    if let Some(graph) = &mut model.graph {
        let nodes = std::mem::take(&mut graph.node);
        for node in nodes {
            let quantised = if node.op_type == "Gemm" { quantise(graph, &node) } else { None };
            graph.node.extend(quantised.unwrap_or_else(|| vec![node]));
        }
    }
    model
}

/// The nodes that replace a Gemm: weights (outputs, inputs) become int8 (inputs, outputs) with a scale per output.
fn quantise(graph: &mut GraphProto, gemm: &NodeProto) -> Option<Vec<NodeProto>> {
    let [input, weight, bias] = gemm.input.as_slice() else { return None };
    let place = graph.initializer.iter().position(|tensor| tensor.name == *weight)?;
    let stored = graph.initializer.remove(place);
    let &[outputs, inputs] = stored.dims.as_slice() else { return None };
    let (rows, columns) = (outputs as usize, inputs as usize);
    let values: Vec<f32> = stored.raw_data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let mut codes = vec![0u8; rows * columns];
    let mut scales = Vec::new();
    for (output, row) in values.chunks_exact(columns).enumerate() {
        let scale = row.iter().fold(0.0f32, |most, value| most.max(value.abs())) / 127.0;
        scales.extend(scale.to_le_bytes());
        for (k, value) in row.iter().enumerate() {
            codes[k * rows + output] = (value / scale).round_ties_even() as i8 as u8;
        }
    }
    let named = |part: &str| format!("{weight}.{part}");
    let tensor = |name: String, dims: Vec<i64>, kind: DataType, raw_data: Vec<u8>| TensorProto {
        name,
        dims,
        data_type: kind as i32,
        raw_data,
        ..TensorProto::default()
    };
    graph.initializer.push(tensor(named("int8"), vec![inputs, outputs], DataType::Int8, codes));
    graph.initializer.push(tensor(named("scale"), vec![outputs], DataType::Float, scales));

    let node = |operator: &str, inputs: &[&str], outputs: &[&str]| NodeProto {
        name: format!("{}.{operator}.{}", gemm.name, outputs[0]),
        op_type: operator.to_owned(),
        input: inputs.iter().map(ToString::to_string).collect(),
        output: outputs.iter().map(ToString::to_string).collect(),
        ..NodeProto::default()
    };
    let [codes, scale, zero, sums, floats, both, scaled] =
        ["codes", "input_scale", "zero", "sums", "floats", "both", "scaled"].map(named);
    let mut cast = node("Cast", &[&sums], &[&floats]);
    cast.attribute.push(AttributeProto {
        name: "to".to_owned(),
        r#type: AttributeType::Int as i32,
        i: DataType::Float as i64,
        ..Default::default()
    });
    Some(vec![
        node("DynamicQuantizeLinear", &[input], &[&codes, &scale, &zero]),
        node("MatMulInteger", &[&codes, &named("int8"), &zero], &[&sums]),
        cast,
        node("Mul", &[&scale, &named("scale")], &[&both]),
        node("Mul", &[&floats, &both], &[&scaled]),
        node("Add", &[&scaled, bias], &[&gemm.output[0]]),
    ])
}
