"""The dashboard: app.py starts it, views/ draw the pages, queries/ hold what they show, free of Streamlit."""
