"""The front door: `streamlit run streamlit_app.py` serves the console.

Streamlit reads this file twice: first to find the application, then for every
screen that a browser asks for.
"""

from streamlit import runtime

from console import server

if runtime.exists():
    server.run_script()
else:
    import streamlit as st

    app = st.App(__file__, **server.build_app())
