"""A deployment engine that speaks Pulumi's own protocols and keeps its state as Pulumi's file backend does."""
