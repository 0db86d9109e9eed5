"""The dashboard: server.py serves app.py, views/ draw the pages, queries/ hold what they show, free of Streamlit."""
