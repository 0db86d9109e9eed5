"""A lakehouse that catches payment fraud: Kafka → Delta tables → features → models → decisions."""
