from datetime import UTC, date, datetime

import pytest

from torvet.ingest import EncodingUnclear, FileUnreadable, FormatUnknown, NoRows, OptionsInvalid


def test_types_are_those_that_people_expect(read):
    became = read(
        "name,n,share,day,clock,at,moment,open\n"
        "Åse,1,1.5,2024-03-01,07:05,2024-03-01 10:00:00,2024-03-01T10:00:00+01:00,ja\n"
        "Bo,-2,2,2024-03-02,23:59:59.5,2024-03-02T11:30,2024-07-01T10:00Z,nej\n"
    )
    assert became.types == {
        "name": "text",
        "n": "integer",
        "share": "number",
        "day": "date",
        "clock": "time",
        "at": "timestamp",
        "moment": "instant",
        "open": "boolean",
    }
    assert became.rows[0]["day"] == date(2024, 3, 1)
    assert became.column("clock") == ["07:05:00", "23:59:59.5"]
    assert became.column("open") == [True, False]
    assert became.rows[0]["moment"] == datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert became.rows[1]["at"] == datetime(2024, 3, 2, 11, 30)  # noqa: DTZ001 - local


def test_danish_numbers_are_read_with_their_thousands(read):
    became = read("sted;beløb\nA;1.234,56\nB;-7,5\nC;1.000.000\nD;12\n")
    assert became.types["beløb"] == "number"
    assert became.column("beløb") == [1234.56, -7.5, 1000000.0, 12.0]
    assert "decimal comma" in became.said.lower()


def test_codes_with_leading_zeros_stay_text(read):
    assert read("postnr,n\n0800,1\n8000,2\n").column("postnr") == ["0800", "8000"]


def test_a_leading_zero_far_down_a_large_file_is_not_lost(read):
    rows = [f"{n},{n}" for n in range(1, 60_000)]
    rows[47_123] = "0042,1"
    became = read("code,n\n" + "\n".join(rows) + "\n", limit=60_000)
    assert became.types == {"code": "text", "n": "integer"}
    assert "0042" in became.column("code")
    assert became.source.rows == 59_999


def test_a_fraction_far_down_a_large_file_widens_the_column(read):
    rows = [str(n) for n in range(60_000)]
    rows[55_555] = "1.5"
    became = read("n,m\n" + "\n".join(f"{n},1" for n in rows), limit=60_000)
    assert became.types["n"] == "number"
    assert 1.5 in became.column("n")
    assert became.source.rejected == 0


def test_a_date_that_settles_day_and_month_settles_the_whole_column(read):
    became = read("d,x\n03/04/2024,1\n25/04/2024,2\n")
    assert became.column("d") == [date(2024, 4, 3), date(2024, 4, 25)]


def test_american_dates_are_read_where_nothing_else_fits(read):
    became = read("d,x\n03/04/2024,1\n04/25/2024,2\n")
    assert became.column("d") == [date(2024, 3, 4), date(2024, 4, 25)]
    assert "month-day-year" in became.said


def test_ambiguous_dates_are_day_first_and_a_note_says_so(read):
    became = read("d,x\n03-04-2024,1\n")
    assert became.column("d") == [date(2024, 4, 3)]
    assert "two ways" in became.said


def test_ambiguous_dates_follow_the_option(read):
    assert read("d,x\n03-04-2024,1\n", day_first=False).column("d") == [date(2024, 3, 4)]


def test_local_times_become_instants_in_a_given_zone(read):
    became = read("t,x\n2024-07-01 12:00:00,1\n", time_zone="Europe/Copenhagen")
    assert became.types["t"] == "instant"
    assert became.column("t") == [datetime(2024, 7, 1, 10, tzinfo=UTC)]


def test_an_hour_that_the_clocks_skip_is_set_aside(read):
    became = read(
        "t,x\n2024-03-31 02:30:00,1\n2024-03-31 03:30:00,2\n", time_zone="Europe/Copenhagen"
    )
    assert became.column("x") == [2]
    assert became.rejected[0].value == "2024-03-31 02:30:00"


def test_a_zone_that_does_not_exist_is_refused(read):
    with pytest.raises(OptionsInvalid, match="time_zone"):
        read("t,x\n2024-03-31 02:30:00,1\n", time_zone="Europe/Aarhus")


@pytest.mark.parametrize("word", ["NA", "-", "..", "NULL"])
def test_words_for_no_value_are_null_among_numbers(read, word):
    became = read(f"n,x\n1,a\n{word},b\n3,c\n")
    assert became.column("n") == [1, None, 3]


def test_words_for_no_value_stay_text_among_texts(read):
    assert read("a,x\nNA,1\nDK,2\n").column("a") == ["NA", "DK"]


def test_a_column_of_no_is_a_country_and_not_a_falsehood(read):
    assert read("land,x\nNO,1\nNO,2\n").types["land"] == "text"


def test_numbers_beyond_what_an_integer_holds_stay_text(read):
    huge = "12345678901234567890123"
    assert read(f"id,x\n{huge},1\n").column("id") == [huge]


def test_a_phone_number_keeps_its_plus(read):
    assert read("tlf,x\n+4512345678,1\n").column("tlf") == ["+4512345678"]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "utf-16-le"),
        ("iso-8859-1", "ISO-8859-1"),
        ("windows-1252", "ISO-8859-1"),
    ],
)
def test_danish_letters_survive_every_encoding(read, encoding, said):
    became = read("by;indbyggere\nÆrøskøbing;943\nSønderjylland;1\n".encode(encoding))
    assert became.column("by") == ["Ærøskøbing", "Sønderjylland"]
    assert said in became.said


def test_windows_characters_are_told_from_iso_8859_1(read):
    became = read("navn;pris\n“Nørreport” – 5 €;1\n".encode("windows-1252"))
    assert became.column("navn") == ["“Nørreport” – 5 €"]


def test_two_encodings_in_one_file_are_refused_with_the_byte(read):
    with pytest.raises(EncodingUnclear) as said:
        read("a;b\nÆ;1\n".encode() + "Ø;2\n".encode("iso-8859-1"))
    assert said.value.byte_offset == 9
    assert "byte 9" in str(said.value)
    assert "UTF-8" in said.value.advice


def test_a_letter_cut_in_two_by_the_chunks_is_no_fault(read, monkeypatch):
    monkeypatch.setattr("torvet.ingest.encoding.CHUNK_BYTES", 7)
    became = read("a;b\n" + "æøå;1\n" * 50)
    assert became.column("a") == ["æøå"] * 50


def test_a_given_encoding_is_held_to(read):
    with pytest.raises(EncodingUnclear, match="byte 4"):
        read("a;b\nÆ;1\n".encode("iso-8859-1"), encoding="utf-8")


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_found(read, delimiter):
    became = read(f"a{delimiter}b{delimiter}c\n1{delimiter}x y{delimiter}2\n")
    assert became.rows == [{"a": 1, "b": "x y", "c": 2}]


def test_a_semicolon_wins_over_decimal_commas(read):
    assert read("1,5;2,5\n3,5;4,5\n").rows == [
        {"column_1": 1.5, "column_2": 2.5},
        {"column_1": 3.5, "column_2": 4.5},
    ]


def test_excel_may_name_its_delimiter(read):
    assert read("sep=|\na|b\n1|2\n").rows == [{"a": 1, "b": 2}]


def test_quoted_fields_may_hold_delimiters_quotes_and_lines(read):
    became = read('a,b\n"x, y",1\n"he said ""hi""",2\n"two\nlines",3\n')
    assert became.column("a") == ["x, y", 'he said "hi"', "two\nlines"]


def test_lines_may_end_as_on_windows_or_an_old_mac(read):
    assert read("a,b\r\n1,2\r\n").rows == read("a,b\r1,2\r").rows == [{"a": 1, "b": 2}]


def test_lines_before_the_header_are_left_out_with_a_note(read):
    became = read("Udtræk af målinger\n\nsted;værdi\nA;1\nB;2\nC;3\n")
    assert became.rows[0] == {"sted": "A", "værdi": 1}
    assert "Udtræk" in became.said


def test_a_table_that_is_wide_by_year_keeps_its_years_as_names(read):
    became = read("Region;2019;2020\nNord;1;2\nSyd;3;4\n")
    assert list(became.types) == ["Region", "2019", "2020"]


def test_empty_and_repeated_names_are_made_different(read):
    became = read(",x,X,x\na,1,2,3\nb,4,5,6\n")
    assert list(became.types) == ["column_1", "x", "X_2", "x_3"]
    assert "no name" in became.said


def test_a_trailing_delimiter_is_no_column_of_its_own(read):
    became = read("a;b\n1;2;\n3;4;\n")
    assert became.column("a") == [1, 3]
    assert became.column("b") == [2, 4]


def test_units_are_hinted_at_by_names(read):
    became = read("energi_kwh,speed_kmh,temp_c,longitude,temperature (°C),navn\n1,2,3.5,10.2,4,x\n")
    assert became.units == {
        "energi_kwh": "kWh",
        "speed_kmh": "km/h",
        "temp_c": "°C",
        "longitude": "°",
        "temperature (°C)": "°C",
    }


def test_an_empty_file_says_so(read):
    with pytest.raises(FileUnreadable, match="empty"):
        read("")


def test_a_header_alone_is_no_table(read):
    with pytest.raises(NoRows):
        read("a,b,c\n")


def test_a_text_with_nul_is_no_text(read):
    with pytest.raises(FileUnreadable, match="NUL"):
        read(b"a,b\n1,\x002\n")


@pytest.mark.parametrize("head", [b"%PDF-1.7\n", b"\x89PNG\r\n", b"SQLite format 3\0"])
def test_other_files_are_named_for_what_they_are(read, head):
    with pytest.raises(FormatUnknown):
        read(head + b"x" * 100)


def test_gzip_is_unpacked(read):
    assert read("a,b\n1,2\n", name="x.csv.gz", packed=True).rows == [{"a": 1, "b": 2}]


def test_a_delimiter_of_two_characters_is_refused(read):
    with pytest.raises(OptionsInvalid):
        read("a,b\n1,2\n", delimiter="::")
