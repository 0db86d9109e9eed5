"""The embedded stack: Java, jars, Kafka, Spark, MLflow, Dagster and Streamlit as one supervised set."""
