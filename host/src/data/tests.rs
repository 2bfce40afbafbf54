use super::*;
use std::path::Path;

fn load(text: &[u8], format: &Format) -> crate::error::Result<Dataset> {
    parse(Path::new("t.csv"), text, format)
}

fn auto(text: &str) -> Dataset {
    load(text.as_bytes(), &Format::default()).expect(text)
}

fn message(text: &[u8], format: &Format) -> String {
    load(text, format).expect_err("bad input").to_string()
}

fn target(name: &str) -> Format {
    Format { target: Some(name.to_owned()), ..Format::default() }
}

#[test]
fn dialects_give_the_same_data() {
    let plain = auto("a,b,class\n1,2,x\n3,4,y\n");
    assert_eq!(plain.features, ["a", "b"]);
    for text in [
        "\u{feff}a,b,class\r\n1,2,x\r\n3,4,y\r\n",
        "a;b;class\n1;2;x\n\n3;4;y",
        "\"a\",\"b\",class\n\"1\", 2 ,x\n3,4,\"y\"\n",
        "a\tb\tclass\n1\t2\tx\n3\t4\ty\n",
    ] {
        assert_eq!(auto(text), plain, "{text:?}");
    }
}

#[test]
fn a_header_is_detected_unless_stated() {
    let bare = auto("1,2,x\n3,4,y\n");
    assert_eq!((bare.n, bare.features), (2, vec!["1".to_owned(), "2".to_owned()]));
    let years = Format { header: Header::Yes, ..Format::default() };
    let data = load(b"2019,2020,y\n1,2,x\n3,4,y\n", &years).expect("header stated");
    assert_eq!((data.n, data.features), (2, vec!["2019".to_owned(), "2020".to_owned()]));
}

#[test]
fn the_target_is_found_by_name_and_by_number() {
    let text = b"y,a\nu,1\nv,2\n";
    let by_name = load(text, &target("y")).expect("name");
    assert_eq!(by_name, load(text, &target("1")).expect("number"));
    assert_eq!(by_name.outputs(), 2);
    // A number is a position even if a field of the first row holds it.
    assert_eq!(load(b"2,7,5\n3,8,6\n", &target("1")).expect("number").x, [7.0, 5.0, 8.0, 6.0]);
}

#[test]
fn the_kind_of_target_is_inferred_and_can_be_stated() {
    let classes = auto("1,10\n2,9\n3,10\n4,9\n");
    let expected =
        Target::Classes { labels: vec!["9".into(), "10".into()], index: vec![1, 0, 1, 0] };
    assert_eq!(classes.target, expected);
    assert_eq!(auto("1,10\n2,9\n3,8\n").target, Target::Values(vec![10.0, 9.0, 8.0]));
    let regress = Format { task: Some(Task::Regress), ..Format::default() };
    let values = load(b"1,10\n2,9\n3,10\n4,9\n", &regress).expect("numbers");
    assert_eq!(values.target, Target::Values(vec![10.0, 9.0, 10.0, 9.0]));
    let classify = Format { task: Some(Task::Classify), ..Format::default() };
    assert_eq!(load(b"1,1\n2,1.0\n3,x\n", &classify).expect("names").outputs(), 3);
    assert_eq!(load(b"1,1\n2,1.0\n3,2\n", &classify).expect("numbers").outputs(), 2);
}

#[test]
fn every_fault_is_one_message_that_says_where_and_what_to_do() {
    let auto = Format::default();
    let regress = Format { task: Some(Task::Regress), ..Format::default() };
    let cases: &[(&[u8], &Format, &str)] = &[
        (b"", &auto, "t.csv: found no rows, expected one row per sample. Each row holds"),
        (b"\n\r\n", &auto, "t.csv: found no rows"),
        (b"a,y\n", &auto, "t.csv: found a header and no rows below it, expected one row"),
        (b"1\n2\n", &auto, "t.csv, line 1: found a single column, expected at least one feature"),
        (b"a,y\n1,u\n2\n", &auto, "t.csv, line 3: found 1 field, expected 2 fields as on line 1."),
        (b"a,y\n1,u\n\xff,v\n", &auto, "t.csv, line 3: found the byte 0xFF, expected UTF-8 text."),
        (
            b"a,b,y\n1,2,u\n3,four,v\n",
            &auto,
            "t.csv, line 3, column 2 \"b\": found \"four\", expected a number. Correct",
        ),
        (
            b"1,2,u\n3,,v\n",
            &auto,
            "t.csv, line 2, column 2: found nothing, expected a number. Fill",
        ),
        (
            b"1,2,u\n3,NaN,v\n",
            &auto,
            "t.csv, line 2, column 2: found \"NaN\", expected a number. Fill",
        ),
        (
            b"a,b,y,\n1,2,u,\n3,4,v,\n",
            &auto,
            "t.csv, column 4: found nothing in every row, expected values. Remove the separator",
        ),
        (
            b"a,y\n1,u,\n2,v,\n",
            &auto,
            "t.csv, line 2: found 3 fields, expected 2 fields as on line 1. Remove the separator",
        ),
        (
            b"a,b,y\n1,\"2,u\n3,4,v\n",
            &auto,
            "t.csv, line 2: found 2 fields, expected 3 fields as on line 1. A double quote",
        ),
        (
            b"a,y\n1,u\n2,\"v\n3,w\n",
            &auto,
            "t.csv, line 3: found a field of several lines, expected a closing quote. A double",
        ),
        (
            b"2019,2020,2021\n1,2,7\n3,4,8\n",
            &auto,
            "t.csv, line 1: found the numbers 2019, 2020, 2021 in sequence, expected names or data. Say --header yes",
        ),
        (
            b"2019,2020,y\n1,2,0.5\n3,4,0.7\n",
            &auto,
            "t.csv, line 1, column 3: found \"y\", expected a finite number, as in other rows. If the first row",
        ),
        (b"1,2,u\n3,-inf,v\n", &auto, "t.csv, line 2, column 2: found \"-inf\", expected a finite"),
        (
            b"1,2,u\n3,1e999,v\n",
            &auto,
            "t.csv, line 2, column 2: found \"1e999\", expected a finite",
        ),
        (
            b"1,x,u\n3,4,v\n",
            &auto,
            "t.csv, line 1, column 2: found \"x\", expected a number. If the first",
        ),
        (
            b"a,y\n1,u\n2,?\n",
            &auto,
            "t.csv, line 3, column 2 \"y\": found \"?\", expected a target.",
        ),
        (b"a,y\n1,u\n2,u\n", &auto, "t.csv, target column 2 \"y\": found the single class \"u\","),
        (
            b"a,y\n1,1\n2,1\n",
            &regress,
            "t.csv, target column 2 \"y\": found the same number in all 2",
        ),
        (
            b"a,y\n1,1\n2,x\n",
            &auto,
            "t.csv, line 3, column 2 \"y\": found \"x\", expected a finite",
        ),
    ];
    for (text, format, expected) in cases {
        let found = message(text, format);
        assert!(found.starts_with(expected), "found    {found}\nexpected {expected}");
        assert_eq!(found.lines().count(), 1);
    }
    let found = message(b"a,a,y\n1,2,u\n2,3,v\n", &target("a"));
    let expected = "t.csv, line 1: found the columns 1 and 2, expected one column named \"a\". Say";
    assert!(found.starts_with(expected), "{found}");
    let found = message(b"a,y\n1,u\n2,v\n", &target("z"));
    assert!(found.starts_with("t.csv, line 1: found the columns a, y, expected the target \"z\""));
}

#[test]
fn a_missing_file_is_named() {
    let error = read(Path::new("no/such.csv"), &Format::default()).expect_err("no file");
    assert!(error.to_string().starts_with("no/such.csv: cannot be read:"), "{error}");
    assert_eq!(error.exit_code(), 2);
}
