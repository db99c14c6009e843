//! Notes, which belong to a user by subject.

use logto_rocket::authenticated;
use rocket::form::Form;
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::{FromForm, State, get, post, uri};
use sqlx::{SqlitePool, query, query_as};

use crate::database::unavailable;
use crate::member::Member;
use crate::pages::{self, Page};

#[derive(sqlx::FromRow)]
pub(crate) struct Note {
    pub(crate) id: i64,
    pub(crate) text: String,
}

#[derive(FromForm)]
pub(crate) struct NewNote<'r> {
    // Bytes; `maxlength` on the page counts UTF-16 units, of three bytes at most.
    #[field(validate = len(1..=1500))]
    text: &'r str,
}

#[authenticated(redirect)]
#[get("/notes")]
pub(crate) async fn list(member: &Member, pool: &State<SqlitePool>) -> Result<Page, Status> {
    let select = query_as("SELECT id, text FROM notes WHERE owner = ? ORDER BY id");
    let notes = select.bind(&member.subject).fetch_all(&**pool).await.map_err(unavailable)?;
    Ok(pages::notes(member, &notes))
}

/// The attribute refuses a form from another site.
#[authenticated(redirect)]
#[post("/notes", data = "<note>")]
pub(crate) async fn add(
    member: &Member,
    note: Form<NewNote<'_>>,
    pool: &State<SqlitePool>,
) -> Result<Redirect, Status> {
    let insert = query("INSERT INTO notes (owner, text) VALUES (?, ?)");
    let insert = insert.bind(&member.subject).bind(note.text).execute(&**pool);
    insert.await.map_err(unavailable)?;
    Ok(Redirect::to(uri!(list)))
}

/// The query includes the owner: another user's note is as unknown as a missing one.
#[authenticated(redirect)]
#[post("/notes/<id>/delete")]
pub(crate) async fn remove(
    id: i64,
    member: &Member,
    pool: &State<SqlitePool>,
) -> Result<Redirect, Status> {
    let delete = query("DELETE FROM notes WHERE id = ? AND owner = ?");
    let done = delete.bind(id).bind(&member.subject).execute(&**pool).await.map_err(unavailable)?;
    match done.rows_affected() {
        0 => Err(Status::NotFound),
        _ => Ok(Redirect::to(uri!(list))),
    }
}
