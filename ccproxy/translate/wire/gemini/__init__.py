"""Google's generateContent API, as AI Studio (Gemini API) and Vertex AI serve it."""
