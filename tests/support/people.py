"""Users as a client makes them."""
import uuid


def person(**more):
    """A user that nobody has yet."""
    return {"email": f"{uuid.uuid4().hex[:12]}@mail.example", "name": "Some One", "phoneNumber": "+49 171 1234567",
            "gender": "female", "country": "Germany", **more}


def create(http, **more):
    """Creates a person and returns the user as it was answered."""
    answer = http.post("/v1/user", person(**more))
    assert answer.status == 201, answer
    return answer.result
