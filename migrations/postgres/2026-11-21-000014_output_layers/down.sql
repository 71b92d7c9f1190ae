DROP TABLE output_layers;
