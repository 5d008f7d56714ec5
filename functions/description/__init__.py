"""The API described from its operations: an OpenAPI 3.1 document, a page for people, a Postman collection."""
