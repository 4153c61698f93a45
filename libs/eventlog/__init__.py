"""The log protocol (docs/architecture.md): append, readers, projections, doors, reactions, duties, rebuild, proof."""
