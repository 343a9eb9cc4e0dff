"""Users as a client makes them."""
import itertools
import uuid

import bson

numbers = itertools.count(1)


def person(**more):
    """A user that nobody has yet."""
    return {"email": f"{uuid.uuid4().hex[:12]}@mail.example", "name": "Some One", "phoneNumber": "+49 171 1234567",
            "gender": "female", "country": "Germany", **more}


def create(http, **more):
    """Creates a person and returns the user as it was answered."""
    answer = http.post("/v1/user", person(**more))
    assert answer.status == 201, answer
    return answer.result


def user_path(user):
    return f"/v1/user/{user['_id']}"


def patch(http, user, body, **more):
    return http.request("PATCH", user_path(user), body=body, **more)


def delete(http, user, **more):
    return http.request("DELETE", user_path(user), **more)


def stored(stack, user):
    """The document behind a user that was answered."""
    return stack.mongo.users.find_one({"_id": bson.ObjectId(user["_id"])})


def shown(http):
    """The ids of the first page of the list."""
    return [user["_id"] for user in http.get("/v1/user?limit=100").result]


def idempotency(name):
    """Headers with a key that no request had yet."""
    return {"Idempotency-Key": f"{name}-{next(numbers)}"}
